import { Alert, Button, Group, Paper, SegmentedControl, Skeleton, Stack, Text } from "@mantine/core";
import { ProblemResponseError, UnreachableError } from "@mn316-fleet/client";
import type { Job } from "@mn316-fleet/contracts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { useClient } from "../client-context";
import { WriteProblem } from "../common/field-errors";
import { PageHeading } from "../common/page-heading";
import { ProblemAlert } from "../common/problem-alert";
import { Since } from "../common/since";
import { useRefreshMs } from "../live";
import { NotFound } from "../shell/not-found";
import { useJobsTexts } from "../texts/use-jobs-texts";
import { useTexts } from "../texts/use-texts";
import { ExecutionList } from "./execution-list";
import { FailureGroups } from "./failure-groups";
import { JobProgress } from "./job-progress";
import { JobStatusBadge } from "./job-status-badge";

const REFRESH_MS = 2_000;
const route = getRouteApi("/jobs/$id");

/** One job: how far it is, what can still be done about it, and what came of it on each device. */
export function JobPage() {
  const { id } = route.useParams();
  const client = useClient();
  const {
    data: job,
    error,
    refetch,
  } = useQuery({
    queryKey: ["executions", id, "job"],
    queryFn: ({ signal }) => client.jobs.get(id, { signal }),
    refetchInterval: useRefreshMs(REFRESH_MS),
  });
  const [view, setView] = useState<"devices" | "failures">("devices");
  const texts = useJobsTexts();
  if (error instanceof ProblemResponseError && (error.status === 404 || error.status === 422)) return <NotFound />;
  if (!job)
    return error && !(error instanceof UnreachableError) ? (
      <ProblemAlert error={error} retry={() => void refetch()} />
    ) : (
      <Skeleton h={200} />
    );
  return (
    <Stack>
      <PageHeading
        title={
          <Group gap="sm">
            {texts.kinds[job.kind]}
            <JobStatusBadge job={job} />
          </Group>
        }
      >
        <Controls job={job} />
      </PageHeading>
      <Group gap="xs">
        <Since moment={job.createdAt} />
        <Text size="xs" c="dimmed">
          {texts.by(job.createdBy)}
        </Text>
      </Group>
      {job.reason !== undefined && (
        <Alert color="red" role="alert">
          {job.reason}
        </Alert>
      )}
      <Paper withBorder p="md">
        <JobProgress counts={job.counts} isExplained />
        <Conditions job={job} />
      </Paper>
      <SegmentedControl
        aria-label={texts.view}
        value={view}
        data={[
          { value: "devices", label: texts.byDevice },
          { value: "failures", label: texts.byFailure },
        ]}
        onChange={(value) => {
          setView(value);
        }}
        style={{ alignSelf: "flex-start" }}
      />
      {view === "devices" ? (
        <ExecutionList
          queryKey={["executions", id]}
          list={(page, signal) => client.jobs.executions(id, page, { signal })}
        />
      ) : (
        <FailureGroups jobId={id} />
      )}
    </Stack>
  );
}

function Controls({ job }: { job: Job }) {
  const client = useClient();
  const queries = useQueryClient();
  const texts = useJobsTexts();
  const control = useMutation({
    mutationFn: (verb: "pause" | "resume" | "cancel") => client.jobs[verb](job.id),
    onSettled: () => queries.invalidateQueries({ queryKey: ["executions", job.id] }),
  });
  if (job.status !== "ROLLING_OUT" && job.status !== "SCHEDULED") return null;
  const verbs = [job.isPaused ? "resume" : "pause", "cancel"] as const;
  return (
    <>
      <WriteProblem error={control.error} />
      {verbs.map((verb) => (
        <Button
          key={verb}
          variant="default"
          color={verb === "cancel" ? "red" : undefined}
          loading={control.isPending && control.variables === verb}
          onClick={() => {
            control.mutate(verb);
          }}
        >
          {texts.verbs[verb]}
        </Button>
      ))}
    </>
  );
}

/** What the job was told about how to go about it. */
function Conditions({ job }: { job: Job }) {
  const texts = useJobsTexts();
  const { locale } = useTexts();
  const { rollout, window, schedule, retries, startAt, expiresAt, nextRunAt } = job;
  const time = (moment: string) => new Date(moment).toLocaleString(locale);
  const lines = [
    ...(rollout?.perMinute === undefined ? [] : [texts.conditions.rate(rollout.perMinute)]),
    ...(rollout ? [texts.conditions.concurrent(rollout.concurrent)] : []),
    ...(rollout?.canary ? [texts.conditions.canary(rollout.canary.devices, rollout.canary.waitS)] : []),
    ...(rollout?.abort ? [texts.conditions.abort(rollout.abort.failedPercent, rollout.abort.minExecuted)] : []),
    ...(window ? [texts.conditions.window(window.from, window.to)] : []),
    ...(schedule ? [texts.recurring(schedule.cron, schedule.timeZone)] : []),
    ...(retries > 0 ? [texts.conditions.retries(retries)] : []),
    ...(startAt === undefined ? [] : [texts.conditions.startAt(time(startAt))]),
    ...(nextRunAt === undefined ? [] : [texts.conditions.nextRun(time(nextRunAt))]),
    texts.conditions.expires(time(expiresAt)),
  ];
  return (
    <Text size="sm" c="dimmed" mt="sm">
      {lines.join(" · ")}
    </Text>
  );
}
