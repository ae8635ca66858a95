import { Box, ColorSwatch, Group, Paper, Skeleton, Stack, Text, Title, Tooltip } from "@mantine/core";
import type { Timeouts } from "@mn316-fleet/contracts";
import { TIMEOUT_NAMES, type TimeoutName } from "@mn316-fleet/manual";
import { useQuery } from "@tanstack/react-query";
import { useClient } from "../client-context";
import { ProblemAlert } from "../common/problem-alert";
import { useTexts } from "../texts/use-texts";
import { type Hour, timeoutsByHour } from "./timeouts-by-hour";

const REFRESH_MS = 15_000;
const HEIGHT_PX = 56;
const COLORS: Record<TimeoutName, string> = {
  connect: "grape",
  publish: "blue",
  subscribe: "lime",
  unsubscribe: "pink",
  ping: "orange",
  unknown: "gray",
};
const fill = (name: TimeoutName) => `var(--mantine-color-${COLORS[name]}-6)`;

/** The modules' timeouts by hour and by type. */
export function TimeoutsPanel() {
  const client = useClient();
  const { timeouts: texts } = useTexts();
  const { data, error, refetch } = useQuery({
    queryKey: ["timeouts"],
    queryFn: ({ signal }) => client.analytics.timeouts({ bucket: "hour" }, { signal }),
    refetchInterval: REFRESH_MS,
  });
  return (
    <Paper withBorder p="md">
      <Stack gap="xs">
        <Title order={2} size="h5">
          {texts.title}
        </Title>
        {error && <ProblemAlert error={error} retry={() => void refetch()} />}
        {data ? <Chart timeouts={data} /> : <Skeleton h={80} />}
      </Stack>
    </Paper>
  );
}

function Chart({ timeouts }: { timeouts: Timeouts }) {
  const { timeouts: texts, locale } = useTexts();
  const hours = timeoutsByHour(timeouts);
  const highest = Math.max(1, ...hours.map(({ total }) => total));
  const present = TIMEOUT_NAMES.filter((name) => timeouts.totals[name] > 0);
  const time = (at: number) => new Date(at).toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit" });
  if (present.length === 0)
    return (
      <Text size="sm" c="dimmed">
        {texts.none}
      </Text>
    );
  return (
    <>
      <Group gap={3} align="flex-end" h={HEIGHT_PX} wrap="nowrap" aria-hidden="true">
        {hours.map((hour) => (
          <Bar key={hour.at} hour={hour} highest={highest} label={time(hour.at)} />
        ))}
      </Group>
      <Group justify="space-between" aria-hidden="true">
        <Text size="xs" c="dimmed">
          {time(hours[0]?.at ?? 0)}
        </Text>
        <Text size="xs" c="dimmed">
          {texts.now}
        </Text>
      </Group>
      <Group gap="md">
        {present.map((name) => (
          <Group key={name} gap={6} wrap="nowrap">
            <ColorSwatch size={10} color={fill(name)} withShadow={false} />
            <Text size="sm">
              {timeouts.totals[name]} × {texts.names[name]}
            </Text>
          </Group>
        ))}
      </Group>
    </>
  );
}

function Bar({ hour: { counts, total }, highest, label }: { hour: Hour; highest: number; label: string }) {
  const { timeouts: texts } = useTexts();
  const details = counts.map(({ name, count }) => `${count} × ${texts.names[name]}`).join(", ");
  return (
    <Tooltip label={`${label} · ${details || "0"}`} withArrow>
      <Stack gap={0} justify="flex-end" h="100%" flex={1}>
        {counts.map(({ name, count }) => (
          <Box key={name} h={Math.max(2, (count / highest) * HEIGHT_PX)} bg={fill(name)} />
        ))}
        {total === 0 && <Box h={3} bg="var(--fleet-empty)" style={{ borderRadius: 2 }} />}
      </Stack>
    </Tooltip>
  );
}
