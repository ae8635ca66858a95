import type { Pool } from "pg";

/**
 * Fills tables without their indexes, which are made afterwards of all rows at once: many times as quick.
 * @param fill writes the rows
 */
export async function withoutIndexes(pool: Pool, tables: readonly string[], fill: () => Promise<void>): Promise<void> {
  const { rows: indexes } = await pool.query<{ table: string; index: string; constraint: string | null; sql: string }>(
    `SELECT i.indrelid::regclass::text AS table, i.indexrelid::regclass::text AS index, c.conname AS constraint,
            CASE WHEN c.conname IS NULL THEN replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ')
                 ELSE format('ALTER TABLE %s ADD CONSTRAINT %I %s', i.indrelid::regclass, c.conname, pg_get_constraintdef(c.oid))
            END AS sql
       FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid
      WHERE i.indrelid = ANY ($1::text[]::regclass[])`,
    [tables],
  );
  for (const { table, index, constraint } of indexes)
    await pool.query(
      constraint === null ? `DROP INDEX ${index}` : `ALTER TABLE ${table} DROP CONSTRAINT ${constraint}`,
    );
  await fill();
  // Large ones first, and no two of one table at once: a constraint lets nobody else near its table.
  const queues = tables.map((table) => indexes.filter((index) => index.table === table));
  await inTurns(pool.options.max, queues, async (queue) => {
    for (const { sql } of queue) await pool.query(sql);
  });
}

/** Works on so many items at once. */
export async function inTurns<T>(atOnce: number, items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const worker = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
