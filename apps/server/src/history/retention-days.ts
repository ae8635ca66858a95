import type { Pool } from "pg";

const DAY_MS = 86_400_000;

/** The first day, since 1970, whose raw events are kept at `now` (ms since 1970). */
export function oldestKeptDay(retentionDays: number, now: number): number {
  return Math.floor(now / DAY_MS) - retentionDays;
}

/**
 * The first day, since 1970, of which all raw events are there: not before the oldest partition, whatever the retention was
 * until now, and a day short of it, so that it stays whole while somebody reads.
 */
export async function oldestWholeDay(pool: Pool, retentionDays: number, now: number): Promise<number> {
  const { rows } = await pool.query<{ day: number | null }>(
    `SELECT min(to_date(right(c.relname, 8), 'YYYYMMDD')) - date '1970-01-01' AS day
       FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = 'module_event'::regclass AND c.relname ~ '^module_event_\\d{8}$'`,
  );
  return Math.max(oldestKeptDay(retentionDays, now) + 1, rows[0]?.day ?? -Infinity);
}
