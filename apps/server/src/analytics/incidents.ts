import type { Cause } from "@mn316-fleet/protocol";

/** When an outage of a device of some group began. */
export interface Begin {
  group: string;
  deviceId: string;
  beganMs: number;
  cause: Cause;
}

/** Outages of several devices of a group that began within one window. */
export interface Incident {
  group: string;
  beganMs: number;
  lastBeganMs: number;
  /** Each once, in the order of their outages. */
  deviceIds: string[];
  /** That of most of the outages. */
  cause: Cause;
}

/**
 * Finds the incidents. A window opens with an outage that is in none yet and takes all of its group that begin within
 * `windowMs`; where these are of `minDevices` devices it is an incident, where not the next outage is tried.
 * @param begins by group, then by time
 */
export function incidents(begins: readonly Begin[], windowMs: number, minDevices: number): Incident[] {
  const found: Incident[] = [];
  let end = 0;
  /** Those before are in an incident. */
  let free = 0;
  for (const [first, { group, beganMs }] of begins.entries()) {
    if (first < free) continue;
    end = Math.max(end, first);
    for (let next = begins[end]; next?.group === group && next.beganMs <= beganMs + windowMs; next = begins[end]) end++;
    const within = begins.slice(first, end);
    const deviceIds = [...new Set(within.map(({ deviceId }) => deviceId))];
    if (deviceIds.length < minDevices) continue;
    const lastBeganMs = within.at(-1)?.beganMs ?? beganMs;
    found.push({ group, beganMs, lastBeganMs, deviceIds, cause: mostFrequent(within) });
    free = end;
  }
  return found;
}

/**
 * From when on incidents are certain where only what began since `fromMs` is known. What began in the window behind that may
 * lack others before it; and what follows it without a pause may belong to a window that opened before.
 * @param begins by group, then by time
 * @returns incidents that began later are as if everything were known
 */
export function certainAfter(begins: readonly Begin[], fromMs: number, windowMs: number): number {
  let certainMs = fromMs + 2 * windowMs;
  let before: Begin | undefined;
  let isUncertain = false;
  for (const begin of begins) {
    if (begin.beganMs < fromMs + windowMs) continue;
    const isNear = before?.group === begin.group && begin.beganMs <= before.beganMs + windowMs;
    isUncertain = isNear ? isUncertain : begin.beganMs < fromMs + 2 * windowMs;
    if (isUncertain) certainMs = Math.max(certainMs, begin.beganMs);
    before = begin;
  }
  return certainMs;
}

function mostFrequent(begins: readonly Begin[]): Cause {
  const counts = new Map<Cause, number>();
  for (const { cause } of begins) counts.set(cause, (counts.get(cause) ?? 0) + 1);
  return [...counts].reduce((most, each) => (each[1] > most[1] ? each : most))[0];
}
