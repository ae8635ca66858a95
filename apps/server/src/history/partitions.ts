import { Inject, Injectable } from "@nestjs/common";
import type { Logger } from "pino";
import { Database } from "../platform/database/database";
import { LOGGER } from "../platform/logging/nest-logger";
import { SETTINGS, type Settings } from "../platform/settings/settings";
import { deleteInBatches } from "./delete-in-batches";
import { oldestKeptDay } from "./retention-days";

const AHEAD_DAYS = 7;
/** Backlogs of agents that were offline find their partitions, too. */
const BEHIND_DAYS = 3;
const DAY_MS = 86_400_000;
/** Everything else waits behind a lock that is waited for: rather try again later. */
const LOCK_TIMEOUT_MS = 200;
const LOCK_NOT_AVAILABLE = "55P03";
/** No interval is longer, so no hour until now is filled by an event that lies so far ahead. */
const MAX_INTERVAL_DAYS = 366;

/** Lets events pass; of several nodes one makes or drops a partition, and the others find it made or gone. */
const ONE_AT_A_TIME = "LOCK TABLE module_event IN SHARE UPDATE EXCLUSIVE MODE";

/** Keeps a partition a day for the raw events: made ahead, dropped whole when they are past the retention. */
@Injectable()
export class EventPartitions {
  constructor(
    private readonly database: Database,
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Makes the partitions around `now` and drops those past the retention; harmless to repeat.
   * @returns false where something was left for later, because others were at work on the table
   */
  async maintain(now: Date): Promise<boolean> {
    let isDone = true;
    for (let offset = -BEHIND_DAYS; offset <= AHEAD_DAYS; offset++)
      if (!(await this.create(day(now, offset)))) isDone = false;
    const oldest = new Date(oldestKeptDay(this.settings.retentionDays, now.getTime()) * DAY_MS);
    const { rows } = await this.database.pool.query<{ name: string }>(
      `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'module_event'::regclass AND c.relname ~ '^module_event_\\d{8}$' AND c.relname < $1`,
      [partitionName(oldest)],
    );
    let dropped = 0;
    for (const { name } of rows)
      if (await this.locking(ONE_AT_A_TIME, `DROP TABLE IF EXISTS ${name}`)) dropped++;
      else isDone = false;
    if (dropped > 0) this.logger.info({ days: dropped }, "dropped raw events past the retention");
    if (!(await this.locking(summarize(partitionName(day(now, -BEHIND_DAYS)))))) isDone = false;
    // Of clocks that are wrong: kept as long as others since they came, and as long as rollups of the time until now hold them.
    await deleteInBatches(this.database.pool, "module_event_default", "received_at < $1 AND (at < $1 OR at > $2)", [
      oldest,
      day(now, MAX_INTERVAL_DAYS + 1),
    ]);
    return isDone;
  }

  /** Events of that day may lie in the default partition already: they are moved, or the new one could not be attached. */
  private async create(from: Date): Promise<boolean> {
    const name = partitionName(from);
    const known = await this.database.pool.query("SELECT to_regclass($1) AS oid", [name]);
    if ((known.rows[0] as { oid: string | null }).oid !== null) return true;
    const [begin, end] = [from, new Date(from.getTime() + DAY_MS)].map((bound) => `'${bound.toISOString()}'`);
    return this.locking(
      ONE_AT_A_TIME,
      "LOCK TABLE module_event_default IN ACCESS EXCLUSIVE MODE",
      `CREATE TABLE IF NOT EXISTS ${name} (LIKE module_event INCLUDING DEFAULTS INCLUDING CONSTRAINTS)`,
      `WITH moved AS (DELETE FROM module_event_default WHERE at >= ${begin} AND at < ${end} RETURNING *)
       INSERT INTO ${name} SELECT * FROM moved`,
      `DO $$ BEGIN
         IF NOT EXISTS (SELECT 1 FROM pg_inherits WHERE inhrelid = '${name}'::regclass) THEN
           ALTER TABLE module_event ATTACH PARTITION ${name} FOR VALUES FROM (${begin}) TO (${end});
         END IF;
       END $$`,
    );
  }

  /** Runs statements in one transaction, unless a lock cannot be had at once. @returns whether they ran */
  private async locking(...statements: string[]): Promise<boolean> {
    try {
      await this.database.transaction(async (tx) => {
        await tx.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
        for (const statement of statements) await tx.query(statement);
      });
      return true;
    } catch (error) {
      if ((error as { code?: unknown }).code !== LOCK_NOT_AVAILABLE) throw error;
      return false;
    }
  }
}

/** Lets the blocks that were filled since be found by time (index module_event_at_idx), of this partition and later ones. */
const summarize = (firstName: string) => `
  SELECT brin_summarize_new_values(x.indexrelid)
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_index x ON x.indrelid = c.oid
    JOIN pg_class own ON own.oid = x.indexrelid JOIN pg_am m ON m.oid = own.relam
   WHERE i.inhparent = 'module_event'::regclass AND m.amname = 'brin' AND c.relname >= '${firstName}'`;

function day(now: Date, offset: number): Date {
  return new Date(Math.floor(now.getTime() / DAY_MS) * DAY_MS + offset * DAY_MS);
}

function partitionName(from: Date): string {
  return `module_event_${from.toISOString().slice(0, 10).replaceAll("-", "")}`;
}
