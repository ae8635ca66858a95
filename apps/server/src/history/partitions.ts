import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from "@nestjs/common";
import type { Logger } from "pino";
import { Database } from "../platform/database/database";
import { LOGGER } from "../platform/logging/nest-logger";
import { Queues } from "../platform/queues/queues";
import { SETTINGS, type Settings } from "../platform/settings/settings";

const AHEAD_DAYS = 7;
/** Backlogs of agents that were offline find their partitions, too. */
const BEHIND_DAYS = 3;
const DAY_MS = 86_400_000;
const EVERY_MS = DAY_MS / 4;
const JOB = "event-partitions";

/** Keeps a partition a day for the raw events: made ahead, dropped whole when they are past the retention. */
@Injectable()
export class EventPartitions implements OnModuleInit, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: Database,
    private readonly queues: Queues,
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.maintain(new Date());
    this.queues.process("maintenance", () => this.maintain(new Date()));
    await this.schedule();
    // A Redis that came back without its data has forgotten it; asking for it again changes nothing where it is known.
    this.timer = setInterval(() => {
      this.schedule().catch((error: unknown) => {
        this.logger.warn({ err: error }, "the maintenance of events was not scheduled now");
      });
    }, EVERY_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  private schedule(): Promise<void> {
    return this.queues.every("maintenance", JOB, EVERY_MS);
  }

  /** Makes the partitions around `now` and drops those past the retention; harmless to repeat. */
  async maintain(now: Date): Promise<void> {
    for (let offset = -BEHIND_DAYS; offset <= AHEAD_DAYS; offset++) await this.create(day(now, offset));
    const oldest = day(now, -this.settings.retentionDays);
    const { rows } = await this.database.pool.query<{ name: string }>(
      `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'module_event'::regclass AND c.relname ~ '^module_event_\\d{8}$' AND c.relname < $1`,
      [partitionName(oldest)],
    );
    for (const { name } of rows) await this.database.pool.query(`DROP TABLE IF EXISTS ${name}`);
    // Of a clock that is wrong by years: what it dates long ago, and what it dates far ahead but was received long ago.
    await this.database.pool.query("DELETE FROM module_event_default WHERE at < $1 OR received_at < $1", [oldest]);
    if (rows.length > 0) this.logger.info({ days: rows.length }, "dropped raw events past the retention");
  }

  /** Events of that day may lie in the default partition already: they are moved, or the new one could not be attached. */
  private async create(from: Date): Promise<void> {
    const name = partitionName(from);
    const known = await this.database.pool.query("SELECT to_regclass($1) AS oid", [name]);
    if ((known.rows[0] as { oid: string | null }).oid !== null) return;
    const bounds = [from, new Date(from.getTime() + DAY_MS)].map((bound) => `'${bound.toISOString()}'`);
    await this.database.transaction(async (tx) => {
      await tx.query("LOCK TABLE module_event IN ACCESS EXCLUSIVE MODE");
      await tx.query(`CREATE TABLE IF NOT EXISTS ${name} (LIKE module_event INCLUDING DEFAULTS INCLUDING CONSTRAINTS)`);
      await tx.query(
        `WITH moved AS (DELETE FROM module_event_default WHERE at >= ${bounds[0]} AND at < ${bounds[1]} RETURNING *)
         INSERT INTO ${name} SELECT * FROM moved`,
      );
      const { rows } = await tx.query<{ isAttached: boolean }>(
        `SELECT EXISTS (SELECT 1 FROM pg_inherits WHERE inhrelid = $1::regclass) AS "isAttached"`,
        [name],
      );
      if (!rows[0]?.isAttached)
        await tx.query(
          `ALTER TABLE module_event ATTACH PARTITION ${name} FOR VALUES FROM (${bounds[0]}) TO (${bounds[1]})`,
        );
    });
  }
}

function day(now: Date, offset: number): Date {
  return new Date(Math.floor(now.getTime() / DAY_MS) * DAY_MS + offset * DAY_MS);
}

function partitionName(from: Date): string {
  return `module_event_${from.toISOString().slice(0, 10).replaceAll("-", "")}`;
}
