import { Box, Group, Skeleton, Stack, Text, Title, Tooltip } from "@mantine/core";
import type { Interval } from "@mn316-fleet/contracts";
import { useQuery } from "@tanstack/react-query";
import { useClient } from "../../client-context";
import { inDuration } from "../../common/durations";
import { stateColor } from "../../common/state-colors";
import { useRefreshMs } from "../../live";
import { useTexts } from "../../texts/use-texts";

const REFRESH_MS = 2_000;
const SHOWN = 24;
const TOLD = 5;

const fill = (state: Interval["state"]) =>
  state === "unknown" ? "var(--fleet-empty)" : `var(--mantine-color-${stateColor(state)}-6)`;

/** The last states of a module: a bar of them, oldest on the left, and the latest ones in words. */
export function IntervalHistory({ deviceId }: { deviceId: string }) {
  const client = useClient();
  const { device: texts } = useTexts();
  const { data } = useQuery({
    queryKey: ["intervals", deviceId],
    queryFn: ({ signal }) => client.devices.intervals(deviceId, { limit: SHOWN }, { signal }),
    refetchInterval: useRefreshMs(REFRESH_MS),
  });
  const intervals = data?.items ?? [];
  return (
    <Stack gap={6}>
      <Title order={3} size="h5">
        {texts.history}
      </Title>
      {!data && <Skeleton h={100} />}
      {data?.items.length === 0 && (
        <Text size="sm" c="dimmed">
          {texts.noHistory}
        </Text>
      )}
      {intervals.length > 0 && (
        <Group gap={2} wrap="nowrap" h={24} mb={4} aria-hidden="true">
          {intervals.toReversed().map((interval) => (
            <Segment key={interval.began + interval.state} interval={interval} />
          ))}
        </Group>
      )}
      {intervals.slice(0, TOLD).map((interval) => (
        <Line key={interval.began + interval.state} interval={interval} />
      ))}
    </Stack>
  );
}

/** Wide is long, by its logarithm: a few seconds can be seen beside a day. */
function Segment({ interval: { state, began, ended, seconds } }: { interval: Interval }) {
  const texts = useTexts();
  const to = ended ? new Date(ended).toLocaleTimeString(texts.locale) : texts.device.now;
  return (
    <Tooltip
      withArrow
      label={`${texts.device.lasted(texts.states[state], inDuration(seconds, texts))} · ${new Date(began).toLocaleString(texts.locale)} – ${to}`}
    >
      <Box h="100%" flex={Math.max(1, Math.log2(2 + seconds))} bg={fill(state)} style={{ borderRadius: 3 }} />
    </Tooltip>
  );
}

function Line({ interval: { state, began, seconds, cause } }: { interval: Interval }) {
  const texts = useTexts();
  return (
    <Group gap="xs" wrap="nowrap" align="baseline">
      <Box w={8} h={8} bg={fill(state)} style={{ borderRadius: "50%", flexShrink: 0 }} aria-hidden="true" />
      <Text size="sm" title={new Date(began).toLocaleString(texts.locale)}>
        {texts.device.lasted(texts.states[state], inDuration(seconds, texts))}
        {cause && (
          <Text span size="sm" c="dimmed">
            {" · "}
            {texts.device.endedBy(texts.causes[cause])}
          </Text>
        )}
      </Text>
    </Group>
  );
}
