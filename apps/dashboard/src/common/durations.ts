import type { Texts } from "../texts/en";

const MINUTE_S = 60;
const HOUR_S = 3_600;
const DAY_S = 86_400;

/**
 * A duration in its largest fitting unit, and from an hour on in the next one, too.
 * @param seconds 0 or more
 */
export function inDuration(seconds: number, { time }: Pick<Texts, "time">): string {
  if (seconds < MINUTE_S) return time.second(Math.floor(seconds));
  if (seconds < HOUR_S) return time.minute(Math.floor(seconds / MINUTE_S));
  if (seconds < 2 * DAY_S) return inTwo(seconds, [HOUR_S, time.hour], [MINUTE_S, time.minute]);
  return inTwo(seconds, [DAY_S, time.day], [HOUR_S, time.hour]);
}

type Unit = [seconds: number, write: (count: number) => string];

function inTwo(seconds: number, [large, writeLarge]: Unit, [small, writeSmall]: Unit): string {
  const rest = Math.floor((seconds % large) / small);
  const whole = writeLarge(Math.floor(seconds / large));
  return rest > 0 ? `${whole} ${writeSmall(rest)}` : whole;
}

/** How long ago a moment was; what lies ahead by a clock's difference counts as now. */
export function secondsSince(moment: string, nowMs: number): number {
  return Math.max(0, (nowMs - Date.parse(moment)) / 1_000);
}
