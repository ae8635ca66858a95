import { ColorSwatch, Group, Stack, Text } from "@mantine/core";
import type { Outages } from "@mn316-fleet/contracts";
import { CAUSES } from "@mn316-fleet/protocol";
import { useClient } from "../client-context";
import { bucketInWords } from "../common/buckets";
import { inDuration } from "../common/durations";
import { AnchorLink } from "../common/links";
import { placeOf, type Range } from "../common/time-range";
import { useAnalyticsTexts } from "../texts/use-analytics-texts";
import { useTexts } from "../texts/use-texts";
import { causeColor } from "./cause-colors";
import { type Lane, lanesOf, loadOutages, OUTAGES_ASKED, ticksOf } from "./outage-lanes";
import classes from "./outage-time-line.module.css";
import { Nothing, Panel } from "./panel";
import type { Question } from "./question";

/** Outages of several devices on one line of time: those that failed together stand below each other. */
export function OutageTimeLine({ question, shown }: { question: Question; shown: number }) {
  const client = useClient();
  const { outageTimeLine: texts } = useAnalyticsTexts();
  return (
    <Panel
      title={texts.title}
      hint={texts.hint}
      path="outages"
      query={{ limit: OUTAGES_ASKED }}
      question={question}
      ask={(query, signal) => loadOutages(client, query, signal)}
    >
      {(answer) => <Lanes answer={answer} shown={shown} />}
    </Panel>
  );
}

function Lanes({ answer, shown }: { answer: Outages; shown: number }) {
  const texts = useTexts();
  const { outageTimeLine, outages } = useAnalyticsTexts();
  const { lanes, others } = lanesOf(answer.rows, shown);
  if (lanes.length === 0) return <Nothing>{outages.none}</Nothing>;
  const range = { fromMs: Date.parse(answer.from), toMs: Date.parse(answer.to) };
  const ticks = ticksOf(answer);
  const present = CAUSES.filter((cause) => lanes.some((lane) => lane.outages.some((outage) => outage.cause === cause)));
  const placed = ticks.at.map((at) => ({ at, place: (at - range.fromMs) / (range.toMs - range.fromMs) }));
  return (
    <Stack gap="xs">
      <div className={classes.line}>
        {lanes.map((lane) => (
          <LaneOf key={lane.deviceId} lane={lane} range={range} ticks={placed.map(({ place }) => place)} />
        ))}
        <span />
        <div className={classes.axis} aria-hidden="true">
          {placed.map(({ at, place }) => (
            <Text key={at} span size="xs" c="dimmed" style={{ left: `${place * 100}%` }}>
              {bucketInWords(at, ticks.bucket, texts.locale)}
            </Text>
          ))}
        </div>
      </div>
      <Group gap="md">
        {present.map((cause) => (
          <Group key={cause} gap={6} wrap="nowrap">
            <ColorSwatch size={10} color={fill(cause)} withShadow={false} />
            <Text size="sm">{texts.causes[cause]}</Text>
          </Group>
        ))}
      </Group>
      {others > 0 && <Nothing>{outageTimeLine.others(others)}</Nothing>}
    </Stack>
  );
}

interface LaneProps {
  lane: Lane;
  range: Range;
  /** Where lines of the axis go through it, 0 to 1. */
  ticks: readonly number[];
}

function LaneOf({ lane: { deviceId, name, outages }, range, ticks }: LaneProps) {
  const texts = useTexts();
  const words = useAnalyticsTexts();
  const told = outages.map(({ began, ended, seconds, cause }) =>
    [
      new Date(began).toLocaleString(texts.locale),
      `${inDuration(seconds, texts)}${ended === null ? ` ${words.outages.goesOn}` : ""}`,
      texts.causes[cause],
    ].join(" · "),
  );
  return (
    <>
      <AnchorLink to="/devices/$id" params={{ id: deviceId }} size="sm" truncate title={name}>
        {name}
      </AnchorLink>
      <div className={classes.lane} role="img" aria-label={`${name}: ${told.join("; ")}`}>
        {ticks.map((place) => (
          <div key={place} className={classes.tick} style={{ left: `${place * 100}%` }} />
        ))}
        {outages.map(({ began, ended, cause }, index) => {
          const [from, to] = [placeOf(began, range), placeOf(ended, range)];
          return (
            <div
              key={began}
              className={classes.stretch}
              title={told[index]}
              style={{ left: `${from * 100}%`, width: `${(to - from) * 100}%`, background: fill(cause) }}
            />
          );
        })}
      </div>
    </>
  );
}

const fill = (cause: (typeof CAUSES)[number]) => `var(--mantine-color-${causeColor(cause)}-6)`;
