import { PrismaPg } from "@prisma/adapter-pg";
import { Pool, type PoolClient } from "pg";
import { endWhenSilent, HOLD_NOTHING_FOR_THE_LOST, KEEP_ALIVE } from "./lost-connections";
import { Database, INGEST_WRITERS, type Transaction } from "./database";
import { FleetScope } from "./fleet-scope";
import { PrismaClient } from "./generated/client";
import { TENANT_ROLE, TenantPool } from "./tenant-pool";

/** Connections of one process for requests, which are asked on behalf of fleets, and for its own work but the ingest's. */
const TENANT_POOL_SIZE = 8;
const SYSTEM_POOL_SIZE = 8;
const VITAL_PATIENCE_MS = 2_000;
/**
 * Compiling a statement costs more than it gains where the largest take a fraction of a second. Questions about many devices
 * add up in memory: a row each of 100,000 devices must not go over the disk.
 */
const SESSION = `SELECT set_config('jit', 'off', false), ${HOLD_NOTHING_FOR_THE_LOST},
  set_config('work_mem', greatest(pg_size_bytes(current_setting('work_mem')) / 1024, 16 * 1024)::text, false)`;

/** A pool, and Prisma over it. */
interface Access {
  pool: Pool;
  prisma: PrismaClient;
}

/** `Database` over two `pg` pools, each shared by Prisma: one as the owner of the tables, one under the role of the fleets. */
export class PgDatabase extends Database {
  private readonly system: Access;
  private readonly tenant: Access;
  private readonly writers: Pool;
  private readonly vital: Pool;

  /**
   * @param onError hears of idle connections that broke; queries reject by themselves
   * @param silenceMs after which a connection is given up; without it a statement may take as long as it likes
   */
  constructor(url: string, onError: (error: Error) => void, silenceMs?: number) {
    super();
    const options = (session: string) => ({
      connectionString: url,
      connectionTimeoutMillis: 5_000,
      ...KEEP_ALIVE,
      application_name: "mn316-fleet",
      verify: (client: PoolClient, done: (error?: Error) => void) => {
        client.query(session).then(() => done(), done);
      },
    });
    this.system = accessBy(new Pool({ ...options(SESSION), max: SYSTEM_POOL_SIZE }));
    this.tenant = accessBy(
      new TenantPool({ ...options(`${SESSION}; SET ROLE ${TENANT_ROLE}`), max: TENANT_POOL_SIZE }),
    );
    this.writers = new Pool({ ...options(SESSION), max: INGEST_WRITERS });
    for (const pool of [this.system.pool, this.tenant.pool, this.writers]) {
      pool.on("error", onError);
      if (silenceMs !== undefined)
        pool.on("connect", (client) => {
          endWhenSilent(client, silenceMs);
        });
    }
    // A question that gets no answer takes its connection along: the next one asks over another.
    this.vital = new Pool({
      connectionString: url,
      max: 1,
      connectionTimeoutMillis: VITAL_PATIENCE_MS,
      query_timeout: VITAL_PATIENCE_MS,
      application_name: "mn316-fleet vital",
    });
    this.vital.on("error", onError);
  }

  get pool(): Pool {
    return this.access.pool;
  }

  get prisma(): PrismaClient {
    return this.access.prisma;
  }

  async ask(text: string, values: readonly unknown[] = []): Promise<void> {
    await this.vital.query(text, [...values]);
  }

  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return inTransaction(this.pool, work);
  }

  ingestTransaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return inTransaction(this.writers, work);
  }

  async close(): Promise<void> {
    const accesses = [this.system, this.tenant];
    await Promise.all(accesses.map(({ prisma }) => prisma.$disconnect()));
    await Promise.all([...accesses.map(({ pool }) => pool), this.writers, this.vital].map((pool) => pool.end()));
  }

  /** The one place where it is decided who sees all fleets and who only one. */
  private get access(): Access {
    const { behalf } = FleetScope;
    if (behalf === "nobody")
      throw new Error("A request asks the database before its caller is known: say asSystem(…) where it has to");
    return behalf === "system" ? this.system : this.tenant;
  }
}

const accessBy = (pool: Pool): Access => ({ pool, prisma: new PrismaClient({ adapter: new PrismaPg(pool) }) });

async function inTransaction<T>(pool: Pool, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const client = await pool.connect();
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
