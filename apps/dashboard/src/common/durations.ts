import type { Texts } from "../texts/en";

/**
 * A duration in its largest fitting unit.
 * @param seconds 0 or more
 */
export function inDuration(seconds: number, { time }: Pick<Texts, "time">): string {
  if (seconds < 60) return time.second(Math.floor(seconds));
  if (seconds < 3_600) return time.minute(Math.floor(seconds / 60));
  if (seconds < 48 * 3_600) return time.hour(Math.floor(seconds / 3_600));
  return time.day(Math.floor(seconds / 86_400));
}

/** How long ago a moment was; what lies ahead by a clock's difference counts as now. */
export function secondsSince(moment: string, nowMs: number): number {
  return Math.max(0, (nowMs - Date.parse(moment)) / 1_000);
}
