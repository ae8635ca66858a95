import { AnchorLink } from "../common/links";
import { Badge, Group, Paper, Skeleton, Stack, Text } from "@mantine/core";
import type { Execution } from "@mn316-fleet/contracts";
import { type FleetClient } from "@mn316-fleet/client";
import { useQuery } from "@tanstack/react-query";
import { useClient } from "../client-context";
import { DeviceName } from "../common/device-name";
import { ProblemAlert } from "../common/problem-alert";
import { useRefreshMs } from "../live";
import { useJobsTexts } from "../texts/use-jobs-texts";
import { groupFailures } from "./failures";

const REFRESH_MS = 5_000;
const STATUSES = ["FAILED", "TIMED_OUT", "REJECTED"] as const;
/** Of each status so many are looked at. */
const EXAMINED = 500;
const NAMED = 5;

/** The failures of a job, grouped by what was said. */
export function FailureGroups({ jobId }: { jobId: string }) {
  const client = useClient();
  const texts = useJobsTexts();
  const { data, error, refetch } = useQuery({
    queryKey: ["executions", jobId, "failures"],
    queryFn: ({ signal }) => loadFailures(client, jobId, signal),
    refetchInterval: useRefreshMs(REFRESH_MS),
  });
  if (!data) return error ? <ProblemAlert error={error} retry={() => void refetch()} /> : <Skeleton h={120} />;
  const groups = groupFailures(data.executions);
  return (
    <Stack gap="sm">
      {groups.length === 0 && (
        <Text size="sm" c="dimmed">
          {texts.noFailures}
        </Text>
      )}
      {groups.map(({ why, executions }) => (
        <Paper key={why} withBorder p="md">
          <Group justify="space-between" align="flex-start" wrap="nowrap">
            <Text size="sm" style={{ overflowWrap: "anywhere" }}>
              {why}
            </Text>
            <Badge color="red" variant="light" style={{ flexShrink: 0 }}>
              {executions.length}
            </Badge>
          </Group>
          <Group gap="md" mt="xs">
            {executions.slice(0, NAMED).map(({ id, deviceId }) => (
              <AnchorLink key={id} to="/devices/$id" params={{ id: deviceId }}>
                <DeviceName id={deviceId} />
              </AnchorLink>
            ))}
            {executions.length > NAMED && (
              <Text size="sm" c="dimmed">
                {texts.andOthers(executions.length - NAMED)}
              </Text>
            )}
          </Group>
        </Paper>
      ))}
      {data.hasMore && (
        <Text size="sm" c="dimmed">
          {texts.examined(EXAMINED)}
        </Text>
      )}
    </Stack>
  );
}

async function loadFailures(client: FleetClient, jobId: string, signal: AbortSignal) {
  const pages = await Promise.all(
    STATUSES.map((status) => client.jobs.executions(jobId, { status, limit: EXAMINED }, { signal })),
  );
  const executions: Execution[] = pages.flatMap(({ items }) => items);
  return { executions, hasMore: pages.some(({ next }) => next !== null) };
}
