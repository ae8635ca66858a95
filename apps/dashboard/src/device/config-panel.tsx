import { Badge, Code, Group, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import type { ConfigStatus } from "@mn316-fleet/contracts";
import { useQuery } from "@tanstack/react-query";
import { useClient } from "../client-context";
import { useRefreshMs } from "../live";
import { useTexts } from "../texts/use-texts";

const REFRESH_MS = 5_000;
const COLORS: Partial<Record<ConfigStatus, string>> = {
  applied: "teal",
  rejected: "red",
  "rolled-back": "red",
  drifted: "orange",
  pending: "cyan",
  applying: "cyan",
};

/** Desired against reported configuration. */
export function ConfigPanel({ deviceId }: { deviceId: string }) {
  const client = useClient();
  const texts = useTexts();
  const { data } = useQuery({
    queryKey: ["config", deviceId],
    queryFn: ({ signal }) => client.config.get(deviceId, { signal }),
    refetchInterval: useRefreshMs(REFRESH_MS),
  });
  if (!data) return null;
  return (
    <Stack gap="xs">
      <Group>
        <Title order={3} size="h5">
          {texts.device.configuration}
        </Title>
        <Badge variant="light" color={COLORS[data.status] ?? "gray"} tt="none">
          {texts.config[data.status]}
        </Badge>
        {data.version > 0 && (
          <Text size="sm" c="dimmed">
            {texts.config.version(data.version)}
          </Text>
        )}
      </Group>
      {data.reason !== undefined && <Text size="sm">{data.reason}</Text>}
      {data.desired === null ? (
        <Text size="sm" c="dimmed">
          {texts.device.noConfig}
        </Text>
      ) : (
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <Document title={texts.device.desired} value={data.desired} />
          {data.reported ? (
            <Document title={texts.device.reported} value={data.reported} />
          ) : (
            <Text size="sm" c="dimmed">
              {texts.device.notReported}
            </Text>
          )}
        </SimpleGrid>
      )}
    </Stack>
  );
}

function Document({ title, value }: { title: string; value: unknown }) {
  return (
    <div>
      <Text size="sm" fw={600} mb={4}>
        {title}
      </Text>
      <Code block mah={320} style={{ overflow: "auto" }} tabIndex={0} aria-label={title}>
        {JSON.stringify(value, null, 2)}
      </Code>
    </div>
  );
}
