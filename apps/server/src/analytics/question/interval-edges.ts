import type { Statement } from "./statement";
import { HOUR_MS, type Stretch } from "./time-frame";

/** As the index connection_interval_long_idx has it. */
const IS_LONG = "ended - began >= interval '1 hour'";

/** Where intervals begin, one more is in a state, and where they end, one less. */
interface Edge {
  edge: "began" | "ended";
  change: 1 | -1;
  /** A condition on `connection_interval`. */
  isWithin: string;
}

/**
 * The selects of a union that finds each interval that begins within stretches, and each that ends there.
 * Rows lie in the order in which they ended: short intervals that begin within a stretch lie where others end until soon
 * after it, the others are looked up.
 */
export function edgesWithin(statement: Statement, stretches: readonly Stretch[]): Edge[] {
  const soonAfter = stretches.map(({ fromMs, toMs }) => ({ fromMs, toMs: toMs + HOUR_MS }));
  // Of the two conditions on short ones that on the begin must not be answered by an index of devices.
  const beganShortly = `${statement.within("(began + interval '0')", stretches)} AND ${statement.within("ended", soonAfter)}`;
  return [
    { edge: "began", change: 1, isWithin: `${IS_LONG} AND ${statement.within("began", stretches)}` },
    { edge: "began", change: 1, isWithin: `NOT (${IS_LONG}) AND ${beganShortly}` },
    { edge: "ended", change: -1, isWithin: statement.within("ended", stretches) },
  ];
}
