import { TIMEOUT_NAMES } from "@mn316-fleet/manual";
import type { FleetEvent } from "@mn316-fleet/protocol";
import { latencyBounds, latencyBucket } from "../../history/latency-buckets";
import { recompute } from "../../test-support/history/recompute";
import type { Stretch, ToldHistory } from "../../test-support/history/told-history";

/** Changes of any zone's clock, and its hours, begin with one of these. */
const QUARTER_MS = 900_000;

export type Told = ToldHistory & { deviceId: string };
export interface Range {
  fromMs: number;
  toMs: number;
}

type Sums = Record<string, Record<string, number>>;

/** What a clock on the wall shows, to the hour or the day; an hour that comes twice by its distance from UTC, too. */
export function wallClock(timeZone: string, unit: "hour" | "day"): (ms: number) => string {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    dateStyle: undefined,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    ...(unit === "hour" && { hour: "2-digit", hourCycle: "h23", timeZoneName: "longOffset" }),
  });
  return (ms) => format.format(ms);
}

/** What questions should answer of whole histories, counted event by event: slow, and without a look at how it is stored. */
export class ToldFigures {
  constructor(
    private readonly histories: readonly Told[],
    private readonly range: Range,
  ) {}

  /** Milliseconds in each state by a key of time. */
  states(keyOf: (ms: number) => string): Sums {
    const sums: Sums = {};
    for (const { state, began, left } of this.stretches())
      for (let from = Math.max(began, this.range.fromMs); left && from < Math.min(left.at, this.range.toMs);) {
        const to = Math.min(left.at, this.range.toMs, (Math.floor(from / QUARTER_MS) + 1) * QUARTER_MS);
        add(sums, keyOf(from), state, to - from);
        from = to;
      }
    return sums;
  }

  timeouts(keyOf: (ms: number) => string): Sums {
    const sums: Sums = {};
    for (const event of this.events())
      if (event.kind === "timeout") add(sums, keyOf(event.at), String(TIMEOUT_NAMES[event.type - 1]), 1);
    return sums;
  }

  disconnects(keyOf: (ms: number) => string): Sums {
    const sums: Sums = {};
    for (const event of this.events())
      if (event.kind === "state" && event.from === "connected" && event.to !== "unknown")
        add(sums, keyOf(event.at), event.cause, 1);
    return sums;
  }

  /** Samples by dBm. */
  signals(keyOf: (ms: number) => string): Sums {
    const sums: Sums = {};
    for (const event of this.events())
      if (event.kind === "signal" && event.rssi !== 99) add(sums, keyOf(event.at), String(2 * event.rssi - 113), 1);
    return sums;
  }

  /** Connects by the lower bound of their bucket. */
  connects(keyOf: (ms: number) => string): Sums {
    const sums: Sums = {};
    for (const { stretches } of this.histories)
      for (const [index, { state, began }] of stretches.entries()) {
        if (state !== "connected" || !this.isWithin(began)) continue;
        const ms = connecting(stretches.slice(0, index), began);
        if (ms !== undefined) add(sums, keyOf(began), String(latencyBounds(latencyBucket(ms)).fromMs), 1);
      }
    return sums;
  }

  /** Outages that are over and began in the range: how long each was seen to last. */
  outages(): { deviceId: string; began: number; cause: string; ms: number }[] {
    return this.histories.flatMap((history) =>
      Object.values(recompute([history]).outage as Record<string, OutageLike>)
        .filter(({ began }) => this.isWithin(began))
        .map(({ began, ended, unknownMs, cause }) => ({
          deviceId: history.deviceId,
          began,
          cause,
          ms: ended - began - unknownMs,
        })),
    );
  }

  private isWithin(ms: number): boolean {
    return ms >= this.range.fromMs && ms < this.range.toMs;
  }

  private stretches(): Stretch[] {
    return this.histories.flatMap(({ stretches }) => stretches);
  }

  private events(): FleetEvent[] {
    return this.histories.flatMap(({ epochs }) => epochs.flat()).filter(({ at }) => this.isWithin(at));
  }
}

interface OutageLike {
  began: number;
  ended: number;
  unknownMs: number;
  cause: string;
}

const RESTING = new Set(["uninitialized", "initialized", "disconnected", "unknown"]);

/** How long the attempt took that `at` ends, if it began from rest. */
function connecting(before: readonly Stretch[], at: number): number | undefined {
  const rest = before.findLastIndex(({ state }) => RESTING.has(state) || state === "connected");
  const first = before[rest + 1];
  return first && RESTING.has(before[rest]?.state ?? "") ? at - first.began : undefined;
}

function add(sums: Sums, key: string, name: string, by: number): void {
  const own = (sums[key] ??= {});
  own[name] = (own[name] ?? 0) + by;
}
