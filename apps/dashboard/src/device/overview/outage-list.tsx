import { Group, Skeleton, Stack, Text, Title } from "@mantine/core";
import type { Outage } from "@mn316-fleet/contracts";
import { useQuery } from "@tanstack/react-query";
import { useClient } from "../../client-context";
import { inDuration } from "../../common/durations";
import { ProblemAlert } from "../../common/problem-alert";
import { useRefreshMs } from "../../live";
import { useAnalyticsTexts } from "../../texts/use-analytics-texts";
import { useTexts } from "../../texts/use-texts";

const REFRESH_MS = 10_000;
const SHOWN = 6;

/** The latest outages of a device, with their causes. */
export function OutageList({ deviceId }: { deviceId: string }) {
  const client = useClient();
  const { deviceOutages: texts } = useAnalyticsTexts();
  const { data, error, refetch } = useQuery({
    queryKey: ["intervals", deviceId, "outages"],
    queryFn: ({ signal }) => client.devices.outages(deviceId, { limit: SHOWN }, { signal }),
    refetchInterval: useRefreshMs(REFRESH_MS),
  });
  return (
    <Stack gap={6} component="section" aria-label={texts.title}>
      <Title order={3} size="h5">
        {texts.title}
      </Title>
      {error && <ProblemAlert error={error} retry={() => void refetch()} />}
      {!data && !error && <Skeleton h={80} />}
      {data?.items.length === 0 && (
        <Text size="sm" c="dimmed">
          {texts.none}
        </Text>
      )}
      {data?.items.map((outage) => (
        <Line key={outage.began} outage={outage} />
      ))}
    </Stack>
  );
}

function Line({ outage: { began, ended, seconds, unknownSeconds, cause } }: { outage: Outage }) {
  const texts = useTexts();
  const { outages } = useAnalyticsTexts();
  return (
    <Group justify="space-between" wrap="nowrap" align="baseline">
      <Text size="sm">
        {inDuration(seconds, texts)}
        {ended === null && ` ${outages.goesOn}`}
        {unknownSeconds >= 1 && ` ${outages.unseen(inDuration(unknownSeconds, texts))}`}
        <Text span size="sm" c="dimmed">
          {" · "}
          {texts.causes[cause]}
        </Text>
      </Text>
      <Text size="xs" c="dimmed" style={{ whiteSpace: "nowrap" }}>
        {new Date(began).toLocaleString(texts.locale)}
      </Text>
    </Group>
  );
}
