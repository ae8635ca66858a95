import type { Statement } from "./statement";
import { HOUR_MS, type Stretch } from "./time-frame";

/** As the index connection_interval_long_idx has it. */
const IS_LONG = "ended - began >= interval '1 hour'";

/**
 * Conditions on `connection_interval`, one for each select of a union, for the intervals that begin or end within stretches.
 * Rows lie in the order in which they ended: short intervals that begin within a stretch lie where others end until soon
 * after it, the others are looked up.
 */
export function edgesWithin(statement: Statement, edge: "began" | "ended", stretches: readonly Stretch[]): string[] {
  if (edge === "ended") return [statement.within("ended", stretches)];
  const soonAfter = stretches.map(({ fromMs, toMs }) => ({ fromMs, toMs: toMs + HOUR_MS }));
  return [
    `${IS_LONG} AND ${statement.within("began", stretches)}`,
    // Of the two conditions the one on the begin must not be answered by an index of devices.
    `NOT (${IS_LONG}) AND ${statement.within("(began + interval '0')", stretches)} AND ${statement.within("ended", soonAfter)}`,
  ];
}
