import type { Pool } from "pg";

/** How old a count may be before somebody counts anew. */
const COUNT_EVERY_S = 10;
/** One whose counter is slow, or died, is told on for so long. */
const KNOWN_FOR_S = 60;

export type Counts = { value: string; count: number }[];

/**
 * A count that all processes of a fleet tell alike: whoever finds it too old says that it counts now, and the others tell the
 * former one meanwhile.
 * @param name of the count, the same in all processes
 * @param count counts what is there now
 */
export async function sharedCount(pool: Pool, name: string, count: () => Promise<Counts>): Promise<Counts> {
  const { rows } = await pool.query<{ counts: Counts | null; isMine: boolean }>({
    name: "find-shared-count",
    text: `WITH claimed AS (
             INSERT INTO fleet_count AS c (name, claimed_at) VALUES ($1, clock_timestamp())
             ON CONFLICT (name) DO UPDATE SET claimed_at = clock_timestamp()
              WHERE c.claimed_at < clock_timestamp() - interval '${COUNT_EVERY_S} s' RETURNING name
           )
           SELECT (SELECT counts FROM fleet_count
                    WHERE name = $1 AND counted_at > clock_timestamp() - interval '${KNOWN_FOR_S} s') AS counts,
                  EXISTS (SELECT FROM claimed) AS "isMine"`,
    values: [name],
  });
  const [known] = rows;
  if (known?.counts && !known.isMine) return known.counts;
  const counts = await count();
  await pool.query("UPDATE fleet_count SET counts = $2, counted_at = clock_timestamp() WHERE name = $1", [
    name,
    JSON.stringify(counts),
  ]);
  return counts;
}
