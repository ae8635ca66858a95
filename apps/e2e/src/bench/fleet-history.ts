import { performance } from "node:perf_hooks";
import { Pool } from "pg";
import {
  DAYS,
  DEVICES,
  EVENTS_A_ROUND,
  INTERVALS,
  makeRounds,
  OF_DEVICES,
  OF_FLEET,
  rawEvents,
  ROUNDS,
  STANDINGS,
} from "./fleet-history.sql";
import { inTurns, withoutIndexes } from "./indexes-aside";

export { DAYS };
/** Each device tells so many events in `DAYS` days: ten rounds of a quiet stretch with one outage in it. */
export const EVENTS_A_DEVICE = ROUNDS * EVENTS_A_ROUND;
/** Statements at work at once: as many as the machine that was measured has cores. */
const AT_ONCE = 2;
/** Those with the most rows first. */
const TABLES = [
  "module_event",
  "connection_interval",
  "availability_week",
  "signal_hour",
  "timeout_hour",
  "disconnect_hour",
  "connect_hour",
  "outage",
  "fleet_hour",
];

/** What a PostgreSQL needs that is filled with such a history, and thrown away afterwards. */
export const BULK_SETTINGS = [
  "shared_buffers=1GB",
  "max_wal_size=16GB",
  "checkpoint_timeout=1h",
  "wal_level=minimal",
  "max_wal_senders=0",
  "fsync=off",
  "full_page_writes=off",
];

/**
 * The history of a fleet, made in the database itself. Raw events, and what the server's projectors would learn from them one
 * after the other, are both written by statements over all devices, of the same definition: a test lets `rollups:verify`
 * compare them.
 */
export class FleetHistory {
  private readonly pool: Pool;

  /** @param end of the history, to the second; what goes on then still does */
  constructor(
    url: string,
    private readonly end: Date,
  ) {
    // Hours and days are those of UTC; whole tables are sorted and added up in memory.
    const settings = { timezone: "UTC", jit: "off", work_mem: "512MB", maintenance_work_mem: "1GB" };
    const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`);
    this.pool = new Pool({ connectionString: url, max: AT_ONCE, options: options.join(" ") });
  }

  /**
   * Writes the history into an empty database. @param devices how many; one in a hundred of them has the tag `hundredth`
   * @returns seconds
   */
  async fill(devices: number): Promise<number> {
    const began = performance.now();
    await this.pool.query(makeRounds(devices, this.end));
    await this.partitions();
    await withoutIndexes(this.pool, TABLES, async () => {
      const parts = Array.from({ length: AT_ONCE }, (_, part) => part);
      await this.run([DEVICES, INTERVALS]);
      await this.run(STANDINGS);
      await this.run(parts.map((part) => rawEvents(part, AT_ONCE)));
      await this.sortByTime();
      await this.run(OF_DEVICES);
      await this.run(OF_FLEET);
    });
    await this.pool.query("DROP TABLE seed_round");
    await inTurns(AT_ONCE, [...TABLES, "device", "device_state", "device_config"], async (table) => {
      await this.pool.query(`VACUUM ANALYZE ${table}`);
    });
    return (performance.now() - began) / 1_000;
  }

  /** The time that a statement takes, as a client sees it. */
  async timeMs(sql: string, values: unknown[]): Promise<number> {
    const began = performance.now();
    await this.pool.query(sql, values);
    return performance.now() - began;
  }

  async oneDevice(): Promise<string> {
    const { rows } = await this.pool.query<{ id: string }>("SELECT id FROM device ORDER BY name LIMIT 1");
    return rows[0]!.id;
  }

  /** Bytes on disk an event with all indexes: of the raw events, of what is kept by device and hour, and of all. */
  async bytesAnEvent(events: number): Promise<{ raw: number; byHour: number; all: number }> {
    const { rows } = await this.pool.query<{ raw: number; byHour: number; all: number }>(
      `SELECT sum(bytes) AS all, sum(bytes) FILTER (WHERE relname ~ '^module_event') AS raw,
              sum(bytes) FILTER (WHERE relname ~ '_hour$|_week$') AS "byHour"
         FROM (SELECT relname, pg_total_relation_size(oid)::float8 AS bytes FROM pg_class
                WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace) AS tables`,
    );
    const { raw, byHour, all } = rows[0]!;
    return { raw: raw / events, byHour: byHour / events, all: all / events };
  }

  close(): Promise<void> {
    return this.pool.end();
  }

  private run(statements: readonly string[]): Promise<void> {
    return inTurns(AT_ONCE, statements, async (sql) => {
      await this.pool.query(sql);
    });
  }

  /** Raw events lie in the order in which they came. */
  private async sortByTime(): Promise<void> {
    const { rows } = await this.pool.query<{ name: string }>(
      "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'module_event'::regclass",
    );
    await inTurns(
      AT_ONCE,
      rows.map(({ name }) => name),
      async (name) => {
        await this.pool.query(`CREATE INDEX by_time_${name} ON ${name} (at)`);
        await this.pool.query(`CLUSTER ${name} USING by_time_${name}`);
        await this.pool.query(`DROP INDEX by_time_${name}`);
      },
    );
  }

  /** A partition a day, as the server makes them around the present day. */
  private async partitions(): Promise<void> {
    for (let day = DAYS + 1; day > 3; day--) {
      const from = new Date(Math.floor(this.end.getTime() / 86_400_000 - day) * 86_400_000);
      const name = `module_event_${from.toISOString().slice(0, 10).replaceAll("-", "")}`;
      const until = new Date(from.getTime() + 86_400_000);
      await this.pool.query(
        `CREATE TABLE IF NOT EXISTS ${name} PARTITION OF module_event
           FOR VALUES FROM ('${from.toISOString()}') TO ('${until.toISOString()}')`,
      );
    }
  }
}
