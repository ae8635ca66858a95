import { type Bucket, localTime } from "@mn316-fleet/contracts";

const MINUTE_MS = 60_000;
const MINUTES = { hour: 60, day: 1_440 } as const;

/**
 * Where the buckets of a range begin, by the clock of a time zone; the first one may begin before `fromMs`. A day in which
 * clocks change is as long as it is, an hour that the clock shows twice is two buckets, and a change by half an hour
 * makes a bucket of half an hour.
 * @returns ascending
 */
export function bucketStarts(unit: Bucket, timeZone: string, fromMs: number, toMs: number): number[] {
  if (timeZone === "UTC") {
    const lengthMs = MINUTES[unit] * MINUTE_MS;
    const first = Math.floor(fromMs / lengthMs) * lengthMs;
    return Array.from({ length: Math.max(1, Math.ceil((toMs - first) / lengthMs)) }, (_, n) => first + n * lengthMs);
  }
  const starts: number[] = [];
  for (let start = startOf(unit, timeZone, fromMs); start < toMs; start = nextStart(unit, timeZone, start))
    starts.push(start);
  return starts;
}

/** Hour of the day, 0…23, as the clock of a time zone shows it. */
export function hourOfDay(timeZone: string, atMs: number): number {
  return Math.floor(localTime(timeZone, atMs).minute / 60);
}

/** Minutes that the local clock is ahead of UTC. */
function offset(timeZone: string, atMs: number): number {
  const { day, minute } = localTime(timeZone, atMs);
  return day * MINUTES.day + minute - Math.floor(atMs / MINUTE_MS);
}

function startOf(unit: Bucket, timeZone: string, atMs: number): number {
  const minuteMs = Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
  const guess = minuteMs - (localTime(timeZone, minuteMs).minute % MINUTES[unit]) * MINUTE_MS;
  if (offset(timeZone, guess) === offset(timeZone, minuteMs)) return guess;
  // A clock change lies between. What begins there, or at the last start before it, is found by going on from further back.
  let start = guess - 2 * MINUTES[unit] * MINUTE_MS;
  start -= (localTime(timeZone, start).minute % MINUTES[unit]) * MINUTE_MS;
  for (;;) {
    const next = nextStart(unit, timeZone, start);
    if (next > minuteMs) return start;
    start = next;
  }
}

function nextStart(unit: Bucket, timeZone: string, startMs: number): number {
  const { day, minute } = localTime(timeZone, startMs);
  const guess = startMs + (MINUTES[unit] - (minute % MINUTES[unit])) * MINUTE_MS;
  const own = offset(timeZone, startMs);
  const shift = offset(timeZone, guess) - own;
  if (unit === "hour")
    return shift % MINUTES.hour === 0 ? guess : firstWith(startMs, guess, (ms) => offset(timeZone, ms) !== own);
  if (shift === 0) return guess;
  // Day and clock differ: from an hour of the guess on, some moment is the first of a later day.
  const beyond = guess + 2 * MINUTES.hour * MINUTE_MS + Math.max(0, -shift) * MINUTE_MS;
  return firstWith(startMs, beyond, (ms) => localTime(timeZone, ms).day > day);
}

/** The first whole minute after `low` at which something is true that stays true until `high`. */
function firstWith(low: number, high: number, isTrue: (ms: number) => boolean): number {
  while (high - low > MINUTE_MS) {
    const middle = Math.floor((low + high) / 2 / MINUTE_MS) * MINUTE_MS;
    if (isTrue(middle)) high = middle;
    else low = middle;
  }
  return high;
}
