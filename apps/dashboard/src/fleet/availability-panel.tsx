import { Paper, Progress, Skeleton, Stack, Text, Title } from "@mantine/core";
import type { Availability } from "@mn316-fleet/contracts";
import { useQuery } from "@tanstack/react-query";
import { useClient } from "../client-context";
import { inDuration } from "../common/durations";
import { ProblemAlert } from "../common/problem-alert";
import { useTexts } from "../texts/use-texts";
import { inPercent } from "./percent";

const REFRESH_MS = 15_000;
/** Below this share the bar turns from green to orange. */
const GOOD_SHARE = 0.95;

/** Connected time of all modules as a share of the time that is known. */
export function AvailabilityPanel() {
  const client = useClient();
  const { availability: texts } = useTexts();
  const { data, error, refetch } = useQuery({
    queryKey: ["availability"],
    queryFn: ({ signal }) => client.analytics.availability({ worst: 1 }, { signal }),
    refetchInterval: REFRESH_MS,
  });
  return (
    <Paper withBorder p="md">
      <Stack gap="xs">
        <Title order={2} size="h5">
          {texts.title}
        </Title>
        {error && <ProblemAlert error={error} retry={() => void refetch()} />}
        {data ? <Share fleet={data.fleet} /> : <Skeleton h={80} />}
      </Stack>
    </Paper>
  );
}

function Share({ fleet: { availability, connectedSeconds, knownSeconds } }: { fleet: Availability["fleet"] }) {
  const texts = useTexts();
  if (availability === null)
    return (
      <Text size="sm" c="dimmed">
        {texts.availability.none}
      </Text>
    );
  const [connected, known] = [inDuration(connectedSeconds, texts), inDuration(knownSeconds, texts)];
  return (
    <>
      <Text fz={34} fw={650} lh={1.3}>
        {inPercent(availability)}
      </Text>
      <Progress
        value={availability * 100}
        size="lg"
        color={availability < GOOD_SHARE ? "orange" : "teal"}
        aria-label={texts.availability.title}
      />
      <Text size="sm" c="dimmed">
        {texts.availability.detail(connected, known)}
      </Text>
    </>
  );
}
