/** A stretch of time, in ms since 1970. */
export interface Range {
  fromMs: number;
  toMs: number;
}

/** Where a moment lies within a range, 0 to 1; what lies outside is moved to its edge, and null is its end. */
export function placeOf(moment: string | null, { fromMs, toMs }: Range): number {
  const atMs = moment === null ? toMs : Date.parse(moment);
  return Math.min(1, Math.max(0, (atMs - fromMs) / (toMs - fromMs)));
}

/** A range is not looked at closer than this. */
const SHORTEST_MS = 60_000;

/** The middle half of a range. */
export function closer({ fromMs, toMs }: Range): Range {
  const quarterMs = (toMs - fromMs) / 4;
  return 2 * quarterMs < SHORTEST_MS ? { fromMs, toMs } : { fromMs: fromMs + quarterMs, toMs: toMs - quarterMs };
}

/**
 * A range moved by half of itself, and never beyond the present.
 * @param direction -1 is earlier, 1 later
 */
export function moved({ fromMs, toMs }: Range, direction: -1 | 1, nowMs: number): Range {
  const byMs = Math.min((direction * (toMs - fromMs)) / 2, nowMs - toMs);
  return { fromMs: fromMs + byMs, toMs: toMs + byMs };
}
