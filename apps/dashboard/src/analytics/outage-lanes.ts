import type { FleetClient } from "@mn316-fleet/client";
import type { Outages } from "@mn316-fleet/contracts";
import { bucketStarts } from "../common/buckets";
import type { Question } from "./question";

type Outage = Outages["rows"][number];

/** The outages of one device within a range. */
export interface Lane {
  deviceId: string;
  name: string;
  /** The oldest first. */
  outages: Outage[];
}

/** States of a module that is away from its broker and whose agent says so. */
const AWAY = ["disconnected", "reconnecting"] as const;
/** As many as the server answers. */
export const OUTAGES_ASKED = 1_000;
/** Outages that began before the range and go on are looked for within so many days, and so many of each state. */
const OLDER_DAYS = 30;
const OLDER = 100;
const DAY_MS = 86_400_000;

/** What the range's outages are, and besides those that began in it: the ones that began before and still go on. */
export async function loadOutages(client: FleetClient, question: Question, signal: AbortSignal): Promise<Outages> {
  const { tag, timeZone, from } = question;
  const fromMs = Date.parse(from);
  const before = {
    ...{ timeZone, limit: OLDER, from: new Date(fromMs - OLDER_DAYS * DAY_MS).toISOString(), to: from },
    ...(tag !== undefined && { tag }),
  };
  const [answer, ...older] = await Promise.all([
    client.analytics.outages({ ...question, limit: OUTAGES_ASKED }, { signal }),
    ...AWAY.map((state) => client.analytics.outages({ ...before, state }, { signal })),
  ]);
  const stillGoing = older.flatMap(({ rows }) => rows.filter(({ ended }) => ended === null));
  return { ...answer, rows: [...stillGoing, ...answer.rows] };
}

/**
 * A lane for each device that was away for longest. Their order is that of their first outages, so that devices which failed
 * together stand together.
 * @param limit how many lanes
 */
export function lanesOf(outages: readonly Outage[], limit: number): { lanes: Lane[]; others: number } {
  const lanes = new Map<string, Lane & { seconds: number }>();
  for (const outage of outages) {
    const { deviceId, name, seconds } = outage;
    const lane = lanes.get(deviceId) ?? { deviceId, name, outages: [], seconds: 0 };
    lane.outages.push(outage);
    lane.seconds += seconds;
    lanes.set(deviceId, lane);
  }
  const longestFirst = [...lanes.values()].sort((a, b) => b.seconds - a.seconds);
  const shown = longestFirst.slice(0, limit).map(({ deviceId, name, outages: own }) => ({
    ...{ deviceId, name, outages: own.toSorted((a, b) => Date.parse(a.began) - Date.parse(b.began)) },
  }));
  const began = ({ outages: [first] }: Lane) => Date.parse(first?.began ?? "");
  return { lanes: shown.sort((a, b) => began(a) - began(b)), others: Math.max(0, longestFirst.length - limit) };
}

/** Hours between two ticks of a day or less; longer ranges have them at midnights. */
const TICK_HOURS = 6;
const MOST_TICKS = 8;

/** Where the axis of a range has its labels: ms since 1970, by the browser's clock. */
export function ticksOf(range: { from: string; to: string }): { bucket: "hour" | "day"; at: number[] } {
  const fromMs = Date.parse(range.from);
  const inRange = (at: number) => at >= fromMs;
  if (Date.parse(range.to) - fromMs <= DAY_MS)
    return {
      bucket: "hour",
      at: bucketStarts(range, "hour").filter((at) => inRange(at) && new Date(at).getHours() % TICK_HOURS === 0),
    };
  const days = bucketStarts(range, "day").filter(inRange);
  const step = Math.ceil(days.length / MOST_TICKS);
  return { bucket: "day", at: days.filter((_, index) => index % step === 0) };
}
