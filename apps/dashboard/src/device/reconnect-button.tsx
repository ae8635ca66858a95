import { Alert, Button, Group, Popover, Stack, Text } from "@mantine/core";
import type { Device, ExecutionStatus, Job } from "@mn316-fleet/contracts";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useClient } from "../client-context";
import { useTexts } from "../texts/use-texts";

const REFRESH_MS = 500;

/** Has the module reconnect, after a question, and tells what became of it. */
export function ReconnectButton({ device }: { device: Device }) {
  const client = useClient();
  const { device: texts } = useTexts();
  const [isAsking, setAsking] = useState(false);
  const reconnect = useMutation({ mutationFn: () => client.devices.reconnect(device.id) });
  return (
    <Stack gap={4} align="flex-end">
      <Popover opened={isAsking} onChange={setAsking} withArrow trapFocus position="bottom-end">
        <Popover.Target>
          <Button
            size="sm"
            loading={reconnect.isPending}
            onClick={() => {
              setAsking(true);
            }}
          >
            {texts.reconnect}
          </Button>
        </Popover.Target>
        <Popover.Dropdown maw={300}>
          <Text size="sm" mb="sm">
            {texts.confirm}
          </Text>
          <Group justify="flex-end" gap="xs">
            <Button
              size="xs"
              variant="default"
              onClick={() => {
                setAsking(false);
              }}
            >
              {texts.no}
            </Button>
            <Button
              size="xs"
              onClick={() => {
                setAsking(false);
                reconnect.mutate();
              }}
            >
              {texts.yes}
            </Button>
          </Group>
        </Popover.Dropdown>
      </Popover>
      {reconnect.data && <Outcome job={reconnect.data} isOnline={device.link.online} />}
      {reconnect.error && (
        <Alert color="red" role="alert" p="xs">
          {reconnect.error.message}
        </Alert>
      )}
    </Stack>
  );
}

function Outcome({ job, isOnline }: { job: Job; isOnline: boolean }) {
  const client = useClient();
  const { device, executions } = useTexts();
  const { outcome } = device;
  const { data } = useQuery({
    queryKey: ["executions", job.id],
    queryFn: ({ signal }) => client.jobs.executions(job.id, {}, { signal }),
    refetchInterval: ({ state }) => (isFinal(state.data?.items[0]?.status) ? false : REFRESH_MS),
  });
  const execution = data?.items[0];
  if (execution?.status === "SUCCEEDED") return <Alert color="teal" role="status" p="xs" title={outcome.succeeded} />;
  if (!execution || !isFinal(execution.status))
    return (
      <Text size="sm" role="status" c="dimmed">
        {isOnline ? outcome.running : outcome.waiting}
      </Text>
    );
  const status = executions[execution.status];
  return (
    <Alert color="red" role="alert" p="xs">
      {execution.error === undefined ? outcome.ended(status) : outcome.endedWhy(status, execution.error)}
    </Alert>
  );
}

const UNDER_WAY: readonly ExecutionStatus[] = ["QUEUED", "SENT", "RUNNING", "CANCELING"];

function isFinal(status: ExecutionStatus | undefined): boolean {
  return status !== undefined && !UNDER_WAY.includes(status);
}
