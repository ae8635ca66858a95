import type { Disconnects } from "@mn316-fleet/contracts";
import { CAUSES } from "@mn316-fleet/protocol";

const HOURS = 24;

/** One day of the heat map. */
export interface HeatRow {
  /** When the day begins, ms since 1970. */
  at: number;
  /** By the hour of the browser's clock; null for hours that are not in the range. */
  hours: (number | null)[];
}

/**
 * Disconnects by day and hour of the browser's clock, but for those that were asked for. An hour that the clock shows
 * twice is one cell.
 */
export function heatRows({ from, to, rows }: Pick<Disconnects, "from" | "to" | "rows">): HeatRow[] {
  const counts = new Map<number, number>();
  for (const row of rows) {
    const unasked = CAUSES.filter((cause) => cause !== "requested").reduce((sum, cause) => sum + row[cause], 0);
    counts.set(Date.parse(row.at), unasked);
  }
  const days = new Map<number, HeatRow>();
  const hour = new Date(from);
  hour.setMinutes(0, 0, 0);
  for (; hour.getTime() < Date.parse(to); hour.setTime(hour.getTime() + 3_600_000)) {
    const day = new Date(hour).setHours(0, 0, 0, 0);
    const row = days.get(day) ?? { at: day, hours: Array.from({ length: HOURS }, () => null) };
    const index = hour.getHours();
    row.hours[index] = (row.hours[index] ?? 0) + (counts.get(hour.getTime()) ?? 0);
    days.set(day, row);
  }
  return [...days.values()];
}
