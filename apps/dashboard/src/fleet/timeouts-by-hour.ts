import type { Timeouts } from "@mn316-fleet/contracts";
import { TIMEOUT_NAMES, type TimeoutName } from "@mn316-fleet/manual";

const HOUR_MS = 3_600_000;

export interface Hour {
  /** When the hour begins, ms since 1970. */
  at: number;
  total: number;
  /** Only the types that occurred, in the manual's order. */
  counts: { name: TimeoutName; count: number }[];
}

/** The timeouts of every hour of the range by type, hours without any included. */
export function timeoutsByHour({ from, to, rows }: Pick<Timeouts, "from" | "to" | "rows">): Hour[] {
  const known = new Map(rows.map((row) => [Date.parse(row.at), row]));
  const hours: Hour[] = [];
  for (let at = Math.floor(Date.parse(from) / HOUR_MS) * HOUR_MS; at < Date.parse(to); at += HOUR_MS) {
    const row = known.get(at);
    const counts = TIMEOUT_NAMES.map((name) => ({ name, count: row?.[name] ?? 0 })).filter(({ count }) => count > 0);
    hours.push({ at, total: counts.reduce((sum, { count }) => sum + count, 0), counts });
  }
  return hours;
}
