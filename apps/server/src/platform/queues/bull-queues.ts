import { createPostgresBackend, type Job, Queue, withBackend, Worker, type WorkerOptions } from "bullmq";
import { Redis } from "ioredis";
import type { Logger } from "pino";
import { Pool } from "pg";
import { KEEP_ALIVE, SILENCE_MS } from "../database/lost-connections";
import { type QueueName, type QueuedJob, Queues } from "./queues";

/** Finished jobs are kept for a look, never for good: PostgreSQL holds the record. */
const KEEP = { removeOnComplete: { count: 1_000, age: 3_600 }, removeOnFail: { count: 5_000, age: 86_400 } };

/** Also for a connection of the pool's to become free: workers keep some. */
const CONNECT_WITHIN_MS = 30_000;

type AnyQueue = Pick<Queue, "upsertJobScheduler" | "add" | "addBulk" | "close" | "on">;
type AnyWorker = Pick<Worker, "close" | "on">;

/** BullMQ on one of its two stores; the same code drives both. */
abstract class BullQueues extends Queues {
  private readonly queues = new Map<QueueName, AnyQueue>();
  private readonly workers: AnyWorker[] = [];

  constructor(
    protected readonly logger: Logger,
    private readonly isWorker: boolean,
  ) {
    super();
  }

  protected abstract openQueue(name: QueueName): AnyQueue;
  protected abstract openWorker(
    name: QueueName,
    handler: (job: Job) => Promise<void>,
    options: Partial<WorkerOptions>,
  ): AnyWorker;
  protected abstract closeConnections(): Promise<void>;

  async add<T>(queue: QueueName, { name, data, options }: QueuedJob<T>): Promise<void> {
    await this.queue(queue).add(name, data, { ...KEEP, ...options });
  }

  async addBulk<T>(queue: QueueName, jobs: QueuedJob<T>[]): Promise<void> {
    await this.queue(queue).addBulk(
      jobs.map(({ name, data, options }) => ({ name, data, opts: { ...KEEP, ...options } })),
    );
  }

  async every(queue: QueueName, name: string, everyMs: number): Promise<void> {
    await this.queue(queue).upsertJobScheduler(name, { every: everyMs }, { name, data: {}, opts: KEEP });
  }

  process<T>(queue: QueueName, handler: (job: Job<T>) => Promise<void>, options: Partial<WorkerOptions> = {}): void {
    if (!this.isWorker) return;
    const worker = this.openWorker(queue, handler as (job: Job) => Promise<void>, options);
    worker.on("error", (error) => {
      this.logger.warn({ queue, reason: error.message }, "queue unreachable");
    });
    worker.on("failed", (job, error) => {
      this.logger.error({ queue, job: job?.name, err: error }, "queue job failed");
    });
    this.workers.push(worker);
  }

  /** Takes no further job and waits for those that run. */
  async closeWorkers(): Promise<void> {
    await Promise.allSettled(this.workers.splice(0).map((worker) => worker.close()));
  }

  async close(): Promise<void> {
    await this.closeWorkers();
    await Promise.allSettled([...this.queues.values()].map((queue) => queue.close()));
    await this.closeConnections();
  }

  private queue(name: QueueName): AnyQueue {
    let queue = this.queues.get(name);
    if (!queue) {
      queue = this.openQueue(name);
      queue.on("error", (error: Error) => {
        this.logger.warn({ queue: name, reason: error.message }, "queue unreachable");
      });
      this.queues.set(name, queue);
    }
    return queue;
  }
}

/** Queues in Redis 7 or newer (`noeviction`, AOF on). */
export class RedisQueues extends BullQueues {
  readonly backend = "redis";
  private readonly connection: Redis;
  private readonly prefix: string;

  /** @param fleet begins the keys' names */
  constructor(url: string, fleet: string, logger: Logger, isWorker: boolean) {
    super(logger, isWorker);
    this.prefix = `{${fleet}}`; // in braces, so that all keys of the fleet fall into one slot of a Redis Cluster
    this.connection = new Redis(url, { connectionName: `${fleet}-queues`, maxRetriesPerRequest: null });
    this.connection.on("error", (error) => {
      logger.warn({ reason: error.message }, "Redis unreachable");
    });
  }

  protected openQueue(name: QueueName): AnyQueue {
    return new Queue(name, { connection: this.connection, prefix: this.prefix });
  }

  protected openWorker(
    name: QueueName,
    handler: (job: Job) => Promise<void>,
    options: Partial<WorkerOptions>,
  ): AnyWorker {
    return new Worker(name, handler, { ...options, connection: this.connection, prefix: this.prefix });
  }

  protected async closeConnections(): Promise<void> {
    await this.connection.quit().catch(() => {
      this.connection.disconnect();
    });
  }

  async check(): Promise<void> {
    await this.connection.ping();
  }
}

const postgres = withBackend(createPostgresBackend);

/** Queues in PostgreSQL, in a schema of their own: no second service is needed. */
export class PostgresQueues extends BullQueues {
  readonly backend = "postgres";
  private readonly pool: Pool;

  constructor(url: string, logger: Logger, isWorker: boolean) {
    super(logger, isWorker);
    // BullMQ leaves the search path of a pool that it is given alone; its functions live in its own schema.
    this.pool = new Pool({
      connectionString: url,
      max: 12,
      ...KEEP_ALIVE,
      // Whoever waits to be woken says nothing for long, so here it is each question that has its time.
      query_timeout: SILENCE_MS,
      connectionTimeoutMillis: CONNECT_WITHIN_MS,
      application_name: "mn316-fleet queues",
      options: "-c search_path=bullmq",
    });
    this.pool.on("error", (error) => {
      logger.warn({ reason: error.message }, "PostgreSQL unreachable for the queues");
    });
  }

  /** Brings BullMQ's own tables up to date. */
  static async migrate(url: string): Promise<void> {
    const queue = new postgres.Queue("maintenance", { connection: { connectionString: url, migrate: true, max: 2 } });
    await queue.waitUntilReady();
    await queue.close();
  }

  protected openQueue(name: QueueName): AnyQueue {
    return new postgres.Queue(name, { connection: this.pool }) as unknown as AnyQueue;
  }

  protected openWorker(
    name: QueueName,
    handler: (job: Job) => Promise<void>,
    options: Partial<WorkerOptions>,
  ): AnyWorker {
    const connection = this.pool as never;
    return new postgres.Worker(name, handler as never, { ...options, connection }) as unknown as AnyWorker;
  }

  protected closeConnections(): Promise<void> {
    return this.pool.end();
  }
}
