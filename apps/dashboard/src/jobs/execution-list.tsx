import { ButtonLink } from "../common/links";
import { Accordion, Alert, Badge, Button, Center, Code, Group, Paper, Skeleton, Stack, Text } from "@mantine/core";
import type { Execution, ExecutionStatus, Page } from "@mn316-fleet/contracts";
import { DeviceName } from "../common/device-name";
import { useEndlessList } from "../common/endless-list";
import { ProblemAlert } from "../common/problem-alert";
import { useJobsTexts } from "../texts/use-jobs-texts";
import { useTexts } from "../texts/use-texts";

const REFRESH_MS = 2_000;
const COLORS: Record<ExecutionStatus, string> = {
  QUEUED: "gray",
  SENT: "cyan",
  RUNNING: "cyan",
  CANCELING: "yellow",
  SUCCEEDED: "teal",
  FAILED: "red",
  TIMED_OUT: "red",
  REJECTED: "red",
  CANCELED: "gray",
  EXPIRED: "gray",
};

interface Props {
  queryKey: readonly string[];
  list: (page: { cursor: string | undefined }, signal: AbortSignal) => Promise<Page<Execution>>;
}

/** What came of jobs on devices, with the output of each step. */
export function ExecutionList({ queryKey, list }: Props) {
  const texts = useJobsTexts();
  const { table } = useTexts();
  const { items, error, retry, more, isLoadingMore } = useEndlessList({
    queryKey,
    list: ({ cursor, signal }) => list({ cursor }, signal),
    refreshMs: REFRESH_MS,
  });
  if (!items) return error ? <ProblemAlert error={error} retry={retry} /> : <Skeleton h={160} />;
  if (items.length === 0)
    return (
      <Text size="sm" c="dimmed">
        {texts.noExecutions}
      </Text>
    );
  return (
    <Stack>
      <Paper withBorder>
        <Accordion chevronPosition="left">
          {items.map((execution) => (
            <Accordion.Item key={execution.id} value={execution.id}>
              <Accordion.Control>
                <Summary execution={execution} />
              </Accordion.Control>
              <Accordion.Panel>
                <Details execution={execution} />
              </Accordion.Panel>
            </Accordion.Item>
          ))}
        </Accordion>
      </Paper>
      {more && (
        <Center>
          <Button variant="subtle" loading={isLoadingMore} onClick={more}>
            {table.more}
          </Button>
        </Center>
      )}
    </Stack>
  );
}

function Summary({ execution: { deviceId, status, attempt, error } }: { execution: Execution }) {
  const texts = useJobsTexts();
  return (
    <Group justify="space-between" wrap="nowrap" pr="md">
      <DeviceName id={deviceId} />
      <Group gap="xs" wrap="nowrap">
        {error !== undefined && (
          <Text size="sm" c="dimmed" lineClamp={1}>
            {error}
          </Text>
        )}
        {attempt > 1 && (
          <Text size="xs" c="dimmed" style={{ whiteSpace: "nowrap" }}>
            {texts.attempt(attempt)}
          </Text>
        )}
        <Badge variant="light" color={COLORS[status]} tt="none" style={{ flexShrink: 0 }}>
          {texts.executionStatuses[status]}
        </Badge>
      </Group>
    </Group>
  );
}

function Details({ execution: { deviceId, steps, error, late } }: { execution: Execution }) {
  const texts = useJobsTexts();
  return (
    <Stack gap="xs">
      {error !== undefined && (
        <Alert color="red" p="xs">
          {error}
        </Alert>
      )}
      {late && (
        <Text size="sm" c="dimmed">
          {texts.late}
        </Text>
      )}
      {steps.map(({ command, result, output, ms }, index) => (
        <div key={index}>
          <Group gap="xs">
            <Code>{command}</Code>
            <Text size="sm">{result}</Text>
            <Text size="xs" c="dimmed">
              {ms} ms
            </Text>
          </Group>
          {output.length > 0 && (
            <Code block mt={4} tabIndex={0}>
              {output.join("\n")}
            </Code>
          )}
        </div>
      ))}
      <ButtonLink to="/devices/$id" params={{ id: deviceId }} size="xs" variant="default" w="fit-content">
        {texts.toDevice}
      </ButtonLink>
    </Stack>
  );
}
