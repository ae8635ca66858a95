const MAX_INTERVAL_MS = 366 * 86_400_000;

/**
 * When a stretch of time began that is over at `ended`, both in ms since 1970. One that claims to be longer than 366 days,
 * or to begin after its end, began by a clock that was wrong.
 */
export function trustedBegin(began: number, ended: number): number {
  return Math.max(Math.min(began, ended), ended - MAX_INTERVAL_MS);
}
