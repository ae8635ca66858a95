import { Button, Group, Paper, Select, Stack, Text, Title } from "@mantine/core";
import { JOB_KINDS } from "@mn316-fleet/protocol";
import { useMutation } from "@tanstack/react-query";
import { getRouteApi, useLocation } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { useClient } from "../client-context";
import { WriteProblem } from "../common/field-errors";
import { PageHeading } from "../common/page-heading";
import { useJobsTexts } from "../texts/use-jobs-texts";
import { emptyForm, type JobForm, jobOf } from "./job-form";
import { RehearsalResult } from "./rehearsal-result";
import { RolloutFields } from "./rollout-fields";
import { ScheduleFields } from "./schedule-fields";
import { StepFields } from "./step-fields";
import { TargetFields } from "./target-fields";

const route = getRouteApi("/jobs/new");
/** Changes part of a form. */
export type ChangeForm = (change: Partial<JobForm>) => void;

/** Builds a job: for which devices, what, how carefully, and when; tries it first where one wants to. */
export function NewJobPage() {
  const client = useClient();
  const texts = useJobsTexts();
  const filters = route.useSearch();
  const navigate = route.useNavigate();
  const { deviceIds = [] } = useLocation().state;
  const [form, setForm] = useState(() => emptyForm(deviceIds, filters));
  // One key for as long as the page is open: pressing twice, or a lost answer, makes one job.
  const idempotencyKey = useRef(crypto.randomUUID());
  const rehearse = useMutation({ mutationFn: () => client.jobs.rehearse(jobOf(form)) });
  const create = useMutation({
    mutationFn: () => client.jobs.create(jobOf(form), idempotencyKey.current),
    onSuccess: ({ id }) => navigate({ to: "/jobs/$id", params: { id } }),
  });
  const change: ChangeForm = (part) => {
    idempotencyKey.current = crypto.randomUUID();
    rehearse.reset();
    setForm((now) => ({ ...now, ...part }));
  };
  return (
    <Stack maw={860}>
      <PageHeading title={texts.new} />
      <Section title={texts.sections.targets}>
        <TargetFields form={form} onChange={change} />
      </Section>
      <Section title={texts.sections.what}>
        <Select
          label={texts.kind}
          allowDeselect={false}
          value={form.kind}
          data={JOB_KINDS.map((value) => ({ value, label: texts.kinds[value] }))}
          onChange={(value) => {
            change({ kind: JOB_KINDS.find((kind) => kind === value) ?? "probe" });
          }}
        />
        <Text size="sm" c="dimmed">
          {texts.kindHints[form.kind]}
        </Text>
        {form.kind === "at" && <StepFields form={form} onChange={change} />}
      </Section>
      <Section title={texts.sections.rollout}>
        <RolloutFields form={form} onChange={change} />
      </Section>
      <Section title={texts.sections.when}>
        <ScheduleFields form={form} onChange={change} />
      </Section>
      <WriteProblem error={create.error ?? rehearse.error} />
      {rehearse.data && <RehearsalResult rehearsal={rehearse.data} />}
      <Group>
        <Button
          loading={create.isPending}
          onClick={() => {
            create.mutate();
          }}
        >
          {texts.create}
        </Button>
        <Button
          variant="default"
          loading={rehearse.isPending}
          onClick={() => {
            rehearse.mutate();
          }}
        >
          {texts.rehearse}
        </Button>
      </Group>
    </Stack>
  );
}

function Section({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <Paper withBorder p="md" component="section">
      <Stack gap="sm">
        <Title order={2} size="h5">
          {title}
        </Title>
        {children}
      </Stack>
    </Paper>
  );
}
