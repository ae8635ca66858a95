import type { Pool } from "pg";

/** Rows of one transaction: short enough that nobody waits long for one of them. */
const BATCH = 5_000;

/**
 * Deletes many rows in transactions of a bounded size. Several processes may do so at once: each takes other rows.
 * @param condition SQL over the table's columns
 * @returns how many rows went
 */
export async function deleteInBatches(
  pool: Pool,
  table: string,
  condition: string,
  values: readonly unknown[],
): Promise<number> {
  for (let deleted = 0; ;) {
    const { rowCount } = await pool.query(
      `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM ${table} WHERE ${condition} LIMIT ${BATCH} FOR UPDATE SKIP LOCKED))`,
      [...values],
    );
    deleted += rowCount ?? 0;
    if ((rowCount ?? 0) < BATCH) return deleted;
  }
}
