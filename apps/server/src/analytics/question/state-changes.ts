import type { KnownModuleState } from "@mn316-fleet/manual";
import type { Statement } from "./statement";
import { HOUR_MS, type TimeFrame } from "./time-frame";

/** Milliseconds in a state, in a bucket (from 0). */
export interface StateTime {
  bucket: number;
  state: KnownModuleState;
  ms: number;
}

/** How many devices more came into a state than left it within a stretch, and how long after its begin, added up alike. */
export interface Change {
  stretch: number;
  state: KnownModuleState;
  devices: number;
  ms: number;
}

/** How long all devices were in a state, in the hour that begins with a stretch. */
export interface HourSum {
  stretch: number;
  state: KnownModuleState;
  sumMs: number;
}

/** A change as PostgreSQL gives it, with times from the first bound on; or without `devices` the sum of an hour. */
export type ChangeRow = Pick<Change, "stretch" | "state"> & { devices: string | null; ms: string };

/**
 * Adds up changes by stretch and state, as `ChangeRow`.
 * @param bounds where stretches begin, ascending
 * @param edges a query of `state`, `at` (not before the first bound) and `change`, 1 or −1
 */
export function changesSql(statement: Statement, bounds: readonly number[], edges: string): string {
  const first = statement.moment(bounds[0] ?? 0);
  return `SELECT width_bucket(at, ${statement.moments(bounds)}) - 1 AS stretch, state, sum(change) AS devices,
                 sum(change * (date_part('epoch', at - ${first}) * 1000)::bigint) AS ms
            FROM (${edges}) AS e GROUP BY 1, 2`;
}

export function toChanges(rows: readonly ChangeRow[], bounds: readonly number[]): Change[] {
  return rows.flatMap(({ stretch, state, devices, ms }) => {
    if (devices === null) return [];
    // Added up from the first bound on, times of many devices take more digits than a number has.
    const begin = BigInt((bounds[stretch] ?? 0) - (bounds[0] ?? 0));
    return [{ stretch, state, devices: Number(devices), ms: Number(BigInt(ms) - BigInt(devices) * begin) }];
  });
}

/** In each bucket as many devices are in a state as came into it until then and did not leave it yet. */
export function timesOf(frame: TimeFrame, changes: readonly Change[]): StateTime[] {
  const times: StateTime[] = [];
  for (const [state, own] of byState(changes)) {
    let devices = 0;
    for (let bucket = Math.min(...own.keys()); bucket < frame.starts.length; bucket++) {
      const change = own.get(bucket) ?? NONE;
      devices += change.devices;
      const ms = devices * (frame.begin(bucket + 1) - frame.begin(bucket)) - change.ms;
      if (ms !== 0) times.push({ bucket, state, ms });
    }
  }
  return times;
}

/**
 * The same of the frame's cut hours: how many devices there are at their begin follows from the hour's sum.
 * @param bounds where these hours and their pieces begin and end, ascending
 */
export function timesInHours(
  frame: TimeFrame,
  bounds: readonly number[],
  sums: readonly HourSum[],
  changes: readonly Change[],
): StateTime[] {
  const times: StateTime[] = [];
  const stretchAt = new Map(bounds.map((ms, stretch) => [ms, stretch]));
  const bucketAt = new Map(frame.pieces().map(({ fromMs, bucket }) => [fromMs, bucket]));
  const begin = (stretch: number) => bounds[stretch] ?? 0;
  const ofState = byState(changes);
  const sumOf = new Map(sums.map(({ stretch, state, sumMs }) => [`${stretch} ${state}`, sumMs]));
  const states = new Set([...ofState.keys(), ...sums.map(({ state }) => state)]);
  for (const hourMs of frame.cutHours) {
    const first = stretchAt.get(hourMs) ?? 0;
    const end = stretchAt.get(hourMs + HOUR_MS) ?? first;
    const stretches = Array.from({ length: end - first }, (_, index) => first + index);
    for (const state of states) {
      const changeOf = (stretch: number) => ofState.get(state)?.get(stretch) ?? NONE;
      const ofChanges = stretches.reduce(
        (ms, stretch) => ms + changeOf(stretch).devices * (begin(end) - begin(stretch)) - changeOf(stretch).ms,
        0,
      );
      let devices = ((sumOf.get(`${first} ${state}`) ?? 0) - ofChanges) / HOUR_MS;
      for (const stretch of stretches) {
        const change = changeOf(stretch);
        devices += change.devices;
        const ms = Math.round(devices * (begin(stretch + 1) - begin(stretch)) - change.ms);
        const bucket = bucketAt.get(begin(stretch));
        if (bucket !== undefined && ms !== 0) times.push({ bucket, state, ms });
      }
    }
  }
  return times;
}

const NONE: Pick<Change, "devices" | "ms"> = { devices: 0, ms: 0 };

function byState(changes: readonly Change[]): Map<KnownModuleState, Map<number, Pick<Change, "devices" | "ms">>> {
  const states = new Map<KnownModuleState, Map<number, Pick<Change, "devices" | "ms">>>();
  for (const { stretch, state, devices, ms } of changes) {
    const own = states.get(state) ?? new Map<number, Pick<Change, "devices" | "ms">>();
    states.set(state, own);
    const before = own.get(stretch) ?? NONE;
    own.set(stretch, { devices: before.devices + devices, ms: before.ms + ms });
  }
  return states;
}
