import type { Database, Transaction } from "../../platform/database/database";

/**
 * Runs a statement that adds up rows of very many devices. What the policies seem to cost hides from PostgreSQL that adding up in
 * memory takes a third less than sorting first.
 */
export function addingUp<T>(database: Database, work: (tx: Transaction) => Promise<T>): Promise<T> {
  return database.transaction(async (tx) => {
    await tx.query("SET LOCAL enable_sort = off");
    return work(tx);
  });
}
