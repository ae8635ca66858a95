import type { Pool, PoolClient } from "pg";
import type { PrismaClient } from "./generated/client";

/** Ingest transactions under way at once, each on a connection of its own: more gain nothing on the database's side. */
export const INGEST_WRITERS = 3;

/** A transaction on the hot path: plain SQL on one pooled connection. */
export type Transaction = Pick<PoolClient, "query">;

/**
 * The one PostgreSQL of the installation: Prisma for ordinary rows, the same pool in plain SQL for hot paths. Both, and
 * transactions, see what `fleet-scope.ts` says: one fleet's rows, all of them, or for a request of nobody none, by throwing.
 */
export abstract class Database {
  abstract readonly pool: Pool;
  abstract readonly prisma: PrismaClient;

  /**
   * Asks over a connection that nothing else uses: while a fleet comes back at once all others are at work, which is no
   * reason to be taken for dead, or to send the fleet elsewhere. For statements of one row; rejects after 2 s.
   */
  abstract ask(text: string, values?: readonly unknown[]): Promise<void>;

  /** Runs `work` in one transaction (READ COMMITTED): commits when it resolves, rolls back when it throws. */
  abstract transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;

  /**
   * The same over connections of the ingest's own, which sees all fleets: ten thousand agents that say hello must not hold up
   * what others tell.
   */
  abstract ingestTransaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
}
