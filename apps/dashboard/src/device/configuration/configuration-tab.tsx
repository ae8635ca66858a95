import { Alert, Group, Paper, Skeleton, Stack, Text, Title } from "@mantine/core";
import { UnreachableError } from "@mn316-fleet/client";
import { useQuery } from "@tanstack/react-query";
import { useClient } from "../../client-context";
import { ConfigStatusBadge } from "../../common/config-status-badge";
import { FieldErrors } from "../../common/field-errors";
import { ProblemAlert } from "../../common/problem-alert";
import { useRefreshMs } from "../../live";
import { useTexts } from "../../texts/use-texts";
import { FieldTable } from "./field-table";
import { OwnSettings } from "./own-settings";
import { VersionList } from "./version-list";

const REFRESH_MS = 5_000;

/** Desired against reported configuration, what the device sets itself, and all versions there were. */
export function ConfigurationTab({ deviceId }: { deviceId: string }) {
  const client = useClient();
  const texts = useTexts();
  const { data, error, refetch } = useQuery({
    queryKey: ["config", deviceId],
    queryFn: ({ signal }) => client.config.get(deviceId, { explain: true, signal }),
    refetchInterval: useRefreshMs(REFRESH_MS),
  });
  if (!data)
    return error && !(error instanceof UnreachableError) ? (
      <ProblemAlert error={error} retry={() => void refetch()} />
    ) : (
      <Skeleton h={300} />
    );
  return (
    <Stack gap="md">
      <Paper withBorder p="md">
        <Group mb="xs">
          <Title order={2} size="h5">
            {texts.device.configuration}
          </Title>
          <ConfigStatusBadge status={data.status} />
          {data.version > 0 && (
            <Text size="sm" c="dimmed">
              {texts.config.version(data.version)}
            </Text>
          )}
        </Group>
        <Stack gap="sm">
          {data.reason !== undefined && (
            <Alert color={data.status === "applied" ? "gray" : "red"} role="status">
              {data.reason}
            </Alert>
          )}
          <FieldErrors errors={data.errors ?? []} />
          <FieldErrors errors={data.warnings ?? []} color="yellow" />
          {data.desired === null ? (
            <Text size="sm" c="dimmed">
              {texts.device.noConfig}
            </Text>
          ) : (
            <FieldTable state={data} />
          )}
        </Stack>
      </Paper>
      <Paper withBorder p="md">
        <OwnSettings key={data.version} deviceId={deviceId} state={data} />
      </Paper>
      <Paper withBorder p="md">
        <VersionList deviceId={deviceId} current={data.version} />
      </Paper>
    </Stack>
  );
}
