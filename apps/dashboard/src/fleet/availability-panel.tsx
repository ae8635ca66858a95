import { Box, Group, Paper, SegmentedControl, Skeleton, Stack, Text, Title, Tooltip } from "@mantine/core";
import type { Availability } from "@mn316-fleet/contracts";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useClient } from "../client-context";
import { browserTimeZone, bucketStarts } from "../common/buckets";
import { inDuration } from "../common/durations";
import { ProblemAlert } from "../common/problem-alert";
import { useTexts } from "../texts/use-texts";
import { inPercent } from "./percent";

const REFRESH_MS = 15_000;
const DAY_MS = 86_400_000;
const HEIGHT_PX = 56;
/** Below this share a bar turns from green to orange, and below the next one to red. */
const GOOD_SHARE = 0.95;
const BAD_SHARE = 0.8;
const SPANS = { day: { bucket: "hour", ms: DAY_MS }, month: { bucket: "day", ms: 30 * DAY_MS } } as const;
type Span = keyof typeof SPANS;

/** Connected time of all modules as a share of the time that is known: of the whole span, and over time. */
export function AvailabilityPanel() {
  const client = useClient();
  const { availability: texts } = useTexts();
  const [span, setSpan] = useState<Span>("day");
  const { bucket, ms } = SPANS[span];
  const { data, error, refetch } = useQuery({
    queryKey: ["availability", span],
    queryFn: ({ signal }) =>
      client.analytics.availability(
        { worst: 1, bucket, from: new Date(Date.now() - ms).toISOString(), timeZone: browserTimeZone() },
        { signal },
      ),
    refetchInterval: REFRESH_MS,
    placeholderData: keepPreviousData,
  });
  return (
    <Paper withBorder p="md">
      <Stack gap="xs">
        <Group justify="space-between" wrap="nowrap">
          <Title order={2} size="h5">
            {texts.title}
          </Title>
          <SegmentedControl
            size="xs"
            aria-label={texts.span}
            value={span}
            data={Object.entries(texts.spans).map(([value, label]) => ({ value, label }))}
            onChange={(value) => {
              setSpan(value as Span);
            }}
          />
        </Group>
        {error && <ProblemAlert error={error} retry={() => void refetch()} />}
        {data ? <Course answer={data} bucket={bucket} /> : !error && <Skeleton h={130} />}
      </Stack>
    </Paper>
  );
}

function Course({ answer, bucket }: { answer: Availability; bucket: "hour" | "day" }) {
  const texts = useTexts();
  const { availability, connectedSeconds, knownSeconds } = answer.fleet;
  if (availability === null)
    return (
      <Text size="sm" c="dimmed">
        {texts.availability.none}
      </Text>
    );
  const [connected, known] = [inDuration(connectedSeconds, texts), inDuration(knownSeconds, texts)];
  return (
    <>
      <Group align="baseline" gap="sm">
        <Text fz={30} fw={650} lh={1.2}>
          {inPercent(availability)}
        </Text>
        <Text size="sm" c="dimmed">
          {texts.availability.detail(connected, known)}
        </Text>
      </Group>
      <Bars answer={answer} bucket={bucket} />
    </>
  );
}

function Bars({ answer, bucket }: { answer: Availability; bucket: "hour" | "day" }) {
  const { availability: texts, timeouts, locale } = useTexts();
  const shares = new Map(answer.series?.map(({ at, availability }) => [Date.parse(at), availability]));
  const starts = bucketStarts(answer, bucket);
  const label = (at: number) =>
    new Date(at).toLocaleString(
      locale,
      bucket === "hour" ? { hour: "2-digit", minute: "2-digit" } : { day: "numeric", month: "short" },
    );
  return (
    <div>
      <Group gap={2} h={HEIGHT_PX} align="flex-end" wrap="nowrap" role="img" aria-label={texts.title}>
        {starts.map((at) => (
          <Bar key={at} share={shares.get(at) ?? null} label={label(at)} />
        ))}
      </Group>
      <Group justify="space-between" mt={4} aria-hidden="true">
        <Text size="xs" c="dimmed">
          {label(starts[0] ?? 0)}
        </Text>
        <Text size="xs" c="dimmed">
          {timeouts.now}
        </Text>
      </Group>
    </div>
  );
}

function Bar({ share, label }: { share: number | null; label: string }) {
  const { availability: texts } = useTexts();
  const color = share === null ? "" : share >= GOOD_SHARE ? "teal" : share >= BAD_SHARE ? "orange" : "red";
  return (
    <Tooltip label={`${label} · ${share === null ? texts.none : inPercent(share)}`} withArrow>
      <Stack justify="flex-end" gap={0} flex={1} h="100%">
        <Box
          h={share === null ? 3 : Math.max(3, share * HEIGHT_PX)}
          bg={share === null ? "var(--fleet-empty)" : `var(--mantine-color-${color}-6)`}
          style={{ borderRadius: 2 }}
        />
      </Stack>
    </Tooltip>
  );
}
