import { Button, Group, Paper, SegmentedControl, Skeleton, Stack, Text, Title } from "@mantine/core";
import { UnreachableError } from "@mn316-fleet/client";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useClient } from "../../client-context";
import { inDuration } from "../../common/durations";
import { ProblemAlert } from "../../common/problem-alert";
import { stateColor } from "../../common/state-colors";
import { closer, moved, placeOf, type Range } from "../../common/time-range";
import { useTexts } from "../../texts/use-texts";
import { inWords } from "../events/event-words";
import classes from "./time-line.module.css";
import { loadTimeLine, type TimeLineData } from "./time-line-data";

const REFRESH_MS = 10_000;
const HOUR_MS = 3_600_000;
const SPANS = { "1": HOUR_MS, "6": 6 * HOUR_MS, "24": 24 * HOUR_MS, "168": 168 * HOUR_MS };
type Span = keyof typeof SPANS;
const SignalChart = lazy(() => import("./signal-chart"));

/** The link, the module, what it reported, and its signal, on one line of time; dragging over the signal zooms in. */
export function TimeLine({ deviceId }: { deviceId: string }) {
  const client = useClient();
  const { device: texts } = useTexts();
  const [span, setSpan] = useState<Span>("6");
  const [zoom, setZoom] = useState<Range>();
  const { data, error, refetch } = useQuery({
    queryKey: ["intervals", deviceId, "time-line", zoom ?? span],
    queryFn: ({ signal }) => {
      const toMs = Date.now();
      return loadTimeLine(client, deviceId, zoom ?? { fromMs: toMs - SPANS[span], toMs }, signal);
    },
    placeholderData: keepPreviousData,
    refetchInterval: zoom ? false : REFRESH_MS,
  });
  return (
    <Paper withBorder p="md">
      <Group justify="space-between" mb="sm">
        <Title order={2} size="h5">
          {texts.timeLine.title}
        </Title>
        <Group gap="xs">
          {zoom && (
            <Button
              size="xs"
              variant="default"
              onClick={() => {
                setZoom(undefined);
              }}
            >
              {texts.timeLine.whole}
            </Button>
          )}
          {data && <Moves range={data} onZoom={setZoom} />}
          <SegmentedControl
            size="xs"
            aria-label={texts.timeLine.span}
            value={span}
            data={Object.entries(texts.timeLine.spans).map(([value, label]) => ({ value, label }))}
            onChange={(value) => {
              setZoom(undefined);
              setSpan(value as Span);
            }}
          />
        </Group>
      </Group>
      {error && !(error instanceof UnreachableError) && <ProblemAlert error={error} retry={() => void refetch()} />}
      {data ? <Lanes data={data} onZoom={setZoom} /> : <Skeleton h={220} />}
    </Paper>
  );
}

/** The same that dragging over the signal does, for those who do not drag. */
function Moves({ range, onZoom }: { range: Range; onZoom: (range: Range) => void }) {
  const { device: texts } = useTexts();
  const { earlier, closer: closerLabel, later } = texts.timeLine;
  const moves = [
    { sign: "‹", label: earlier, next: () => moved(range, -1, Date.now()) },
    { sign: "+", label: closerLabel, next: () => closer(range) },
    { sign: "›", label: later, next: () => moved(range, 1, Date.now()) },
  ];
  return (
    <Button.Group>
      {moves.map(({ sign, label, next }) => (
        <Button
          key={label}
          size="xs"
          variant="default"
          px="sm"
          aria-label={label}
          title={label}
          onClick={() => {
            onZoom(next());
          }}
        >
          {sign}
        </Button>
      ))}
    </Button.Group>
  );
}

function Lanes({ data, onZoom }: { data: TimeLineData; onZoom: (range: Range) => void }) {
  const texts = useTexts();
  const time = (moment: string | null) =>
    moment === null ? texts.device.now : new Date(moment).toLocaleString(texts.locale);
  return (
    <Stack gap={6}>
      <Lane label={texts.table.link}>
        {data.sessions.map(({ began, ended }) => (
          <Stretch
            key={began}
            from={placeOf(began, data)}
            to={placeOf(ended, data)}
            color="var(--mantine-color-teal-6)"
            label={`${texts.table.online} · ${time(began)} – ${time(ended)}`}
          />
        ))}
      </Lane>
      <Lane label={texts.table.module}>
        {data.intervals.map(({ state, began, ended, seconds, cause }) => (
          <Stretch
            key={began + state}
            from={placeOf(began, data)}
            to={placeOf(ended, data)}
            color={state === "unknown" ? "var(--fleet-empty)" : `var(--mantine-color-${stateColor(state)}-6)`}
            label={[
              texts.device.lasted(texts.states[state], inDuration(seconds, texts)),
              `${time(began)} – ${time(ended)}`,
              ...(cause ? [texts.device.endedBy(texts.causes[cause])] : []),
            ].join(" · ")}
          />
        ))}
      </Lane>
      <Lane label={texts.device.timeLine.events}>
        {data.marks.map((event) => (
          <Stretch
            key={`${event.epoch}/${event.seq}`}
            from={placeOf(event.at, data)}
            color={event.kind === "timeout" ? "var(--mantine-color-orange-6)" : "var(--mantine-color-cyan-7)"}
            label={`${time(event.at)} · ${inWords(event, texts)}`}
          />
        ))}
      </Lane>
      <Suspense fallback={<Skeleton h={150} />}>
        <SignalChart data={data} onZoom={onZoom} />
      </Suspense>
    </Stack>
  );
}

function Lane({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <Group gap={0} wrap="nowrap">
      <Text size="xs" c="dimmed" className={classes.label}>
        {label}
      </Text>
      <div className={classes.lane} role="img" aria-label={label}>
        {children}
      </div>
    </Group>
  );
}

/** @param to the same as `from` for a moment */
function Stretch({ from, to = from, color, label }: { from: number; to?: number; color: string; label: string }) {
  if (to === 0 || from === 1) return null;
  return (
    <div
      className={classes.stretch}
      title={label}
      style={{ left: `${from * 100}%`, width: `max(2px, ${(to - from) * 100}%)`, background: color }}
    />
  );
}
