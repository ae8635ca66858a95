import type { Pool, PoolClient } from "pg";
import type { PrismaClient } from "./generated/client";

/** A transaction on the hot path: plain SQL on one pooled connection. */
export type Transaction = Pick<PoolClient, "query">;

/** The one PostgreSQL of the fleet: Prisma for ordinary rows, the same pool in plain SQL for hot paths. */
export abstract class Database {
  abstract readonly pool: Pool;
  abstract readonly prisma: PrismaClient;

  /** Runs `work` in one transaction (READ COMMITTED): commits when it resolves, rolls back when it throws. */
  abstract transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
}
