import { AnchorLink, ButtonLink } from "../common/links";
import { SegmentedControl, Stack, Table, Text } from "@mantine/core";
import type { Job } from "@mn316-fleet/contracts";
import { useState } from "react";
import { useClient } from "../client-context";
import { useEndlessList } from "../common/endless-list";
import { PageHeading } from "../common/page-heading";
import { PageList } from "../common/page-list";
import { Since } from "../common/since";
import { useJobsTexts } from "../texts/use-jobs-texts";
import { useTexts } from "../texts/use-texts";
import { JobProgress } from "./job-progress";
import { JobStatusBadge } from "./job-status-badge";

const REFRESH_MS = 3_000;
const SHOWN = ["ROLLING_OUT", "SCHEDULED", "COMPLETED", "ABORTED", "CANCELED"] as const;

/** All jobs, the newest first. */
export function JobsPage() {
  const client = useClient();
  const texts = useJobsTexts();
  const { filters } = useTexts();
  const [status, setStatus] = useState<Job["status"]>();
  const list = useEndlessList({
    queryKey: ["jobs", status],
    list: ({ cursor, signal }) => client.jobs.list({ status, cursor }, { signal }),
    refreshMs: REFRESH_MS,
  });
  return (
    <Stack>
      <PageHeading title={texts.title}>
        <ButtonLink to="/jobs/new">{texts.new}</ButtonLink>
      </PageHeading>
      <SegmentedControl
        aria-label={texts.status}
        value={status ?? "all"}
        data={[
          { value: "all", label: filters.all },
          ...SHOWN.map((value) => ({ value, label: texts.statuses[value] })),
        ]}
        onChange={(value) => {
          setStatus(SHOWN.find((known) => known === value));
        }}
      />
      <PageList
        {...list}
        columns={[texts.kind, texts.status, texts.progressOf, texts.created]}
        empty={texts.none}
        row={(job) => <Row key={job.id} job={job} />}
      />
    </Stack>
  );
}

function Row({ job }: { job: Job }) {
  const texts = useJobsTexts();
  return (
    <Table.Tr>
      <Table.Td>
        <AnchorLink to="/jobs/$id" params={{ id: job.id }} fw={600}>
          {texts.kinds[job.kind]}
        </AnchorLink>
        {job.schedule && (
          <Text size="xs" c="dimmed">
            {texts.recurring(job.schedule.cron, job.schedule.timeZone)}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <JobStatusBadge job={job} />
      </Table.Td>
      <Table.Td miw={220}>
        <JobProgress counts={job.counts} />
      </Table.Td>
      <Table.Td>
        <Since moment={job.createdAt} />
        <Text size="xs" c="dimmed">
          {texts.by(job.createdBy)}
        </Text>
      </Table.Td>
    </Table.Tr>
  );
}
