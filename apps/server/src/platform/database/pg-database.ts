import { PrismaPg } from "@prisma/adapter-pg";
import { Pool } from "pg";
import { Database, type Transaction } from "./database";
import { PrismaClient } from "./generated/client";

/** Connections of one process; two of them are the ingest writer's. */
const POOL_SIZE = 12;

/** `Database` over one `pg` pool, which Prisma shares. */
export class PgDatabase extends Database {
  readonly pool: Pool;
  readonly prisma: PrismaClient;

  /** @param onError hears of idle connections that broke; queries reject by themselves */
  constructor(url: string, onError: (error: Error) => void) {
    super();
    this.pool = new Pool({
      connectionString: url,
      max: POOL_SIZE,
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
      application_name: "mn316-fleet",
    });
    this.pool.on("error", onError);
    this.prisma = new PrismaClient({ adapter: new PrismaPg(this.pool) });
  }

  async transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    // A connection that breaks between two queries must not take the process down: the next query rejects.
    const ignore = () => undefined;
    client.on("error", ignore);
    let broken: Error | undefined;
    try {
      await client.query("BEGIN");
      const result = await work(client);
      await client.query("COMMIT");
      return result;
    } catch (error) {
      await client.query("ROLLBACK").catch((rollbackError: unknown) => {
        broken = rollbackError as Error;
      });
      throw error;
    } finally {
      client.off("error", ignore);
      client.release(broken);
    }
  }

  async close(): Promise<void> {
    await this.prisma.$disconnect();
    await this.pool.end();
  }
}
