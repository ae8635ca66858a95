import type { Database } from "../../platform/database/database";
import { RollupsStore } from "../rollups/rollups.store";
import { emptySums } from "../rollups/tally";
import { oldestWholeDay } from "../retention-days";
import { addMissing, type Days, differencesOfDevices, differencesOfFleet, SUMMED } from "./differences";
import { differencesOfIntervals, setIntervals } from "./interval-check";
import { checkOutages } from "./outage-check";

/** Devices that are compared at once: a statement each table, of some seconds where there are many raw events. */
const CHUNK = 100;
/** Any number that no other advisory lock of the fleet uses: two repairs at once would add what is missing twice. */
const REPAIR_LOCK = 316_019;

/** What was compared, and how many rows of each table were not what raw events say. */
export interface VerifyReport {
  days: Days;
  devices: number;
  differences: Record<string, number>;
}

export interface VerifyOptions {
  /** Days since 1970; unless given, all of which raw events are there. `to` is exclusive. */
  from?: number | undefined;
  to?: number | undefined;
  isRepairing: boolean;
  /** Hears now and then how far it is. */
  onProgress?: (progress: VerifyProgress) => void;
}

/** So many of the devices are compared, and then of the fleet's days. */
export interface VerifyProgress {
  of: "devices" | "days";
  done: number;
  total: number;
}

/** What was asked cannot be done; the message says why, for a person. */
export class VerifyError extends Error {}

/**
 * Compares the rollups with what raw events say, and repairs them, while events come in. Each comparison sees one moment, and
 * sums are repaired by adding the difference, so neither waits for the ingest or is wrong by what it stores meanwhile. Hours
 * before the oldest raw events that are kept whole are left alone.
 */
export class RollupVerifier {
  private readonly store = new RollupsStore();
  private readonly differences: Record<string, number> = {};

  constructor(private readonly database: Database) {}

  /**
   * @param now ms since 1970
   * @throws VerifyError where raw events do not reach back to `from`, or where another repair is at work
   */
  async verify(retentionDays: number, now: number, options: VerifyOptions): Promise<VerifyReport> {
    const days = await this.range(retentionDays, now, options);
    const lock = await this.database.pool.connect();
    try {
      const taken = await lock.query<{ isMine: boolean }>(`SELECT pg_try_advisory_lock($1) AS "isMine"`, [REPAIR_LOCK]);
      if (!taken.rows[0]?.isMine) throw new VerifyError("Another process verifies the rollups now.");
      try {
        return { days, devices: await this.compare(days, options), differences: this.differences };
      } finally {
        await lock.query("SELECT pg_advisory_unlock($1)", [REPAIR_LOCK]);
      }
    } finally {
      lock.release();
    }
  }

  private async range(retentionDays: number, now: number, { from, to }: VerifyOptions): Promise<Days> {
    const oldest = await oldestWholeDay(this.database.pool, retentionDays, now);
    const end = Math.floor(now / 86_400_000) + 1;
    const days = { from: from ?? oldest, to: Math.min(to ?? end, end) };
    if (days.from < oldest)
      throw new VerifyError(`Raw events are there from ${dayName(oldest)} on: no earlier day can be verified.`);
    if (days.from >= days.to)
      throw new VerifyError("The first day must lie before the last one, and not in the future.");
    return days;
  }

  private async compare(days: Days, { isRepairing, onProgress }: VerifyOptions): Promise<number> {
    const { pool } = this.database;
    const known = await pool.query<{ devices: string }>(
      "SELECT count(DISTINCT device_id) AS devices FROM outbox_position",
    );
    const total = Number(known.rows[0]?.devices ?? 0);
    let devices = 0;
    for (let after: string | undefined; ;) {
      const { rows } = await pool.query<{ id: string }>(
        `SELECT DISTINCT device_id AS id FROM outbox_position WHERE $1::uuid IS NULL OR device_id > $1 ORDER BY 1 LIMIT ${CHUNK}`,
        [after],
      );
      if (rows.length === 0) break;
      const deviceIds = rows.map(({ id }) => id);
      await this.compareIntervals(days, deviceIds, isRepairing);
      await this.compareSums(days, deviceIds, isRepairing);
      await this.compareOutages(days, deviceIds, isRepairing);
      after = deviceIds.at(-1);
      devices += deviceIds.length;
      onProgress?.({ of: "devices", done: devices, total: Math.max(devices, total) });
    }
    // Last, because it is compared with what was repaired above.
    for (let from = days.from; from < days.to; from++) {
      const found = await differencesOfFleet(pool, { from, to: from + 1 });
      this.note("fleet_hour", found.length);
      if (isRepairing) await addMissing(pool, "fleet_hour", found);
      onProgress?.({ of: "days", done: from + 1 - days.from, total: days.to - days.from });
    }
    return devices;
  }

  private async compareIntervals(days: Days, deviceIds: readonly string[], isRepairing: boolean): Promise<void> {
    const found = await differencesOfIntervals(this.database.pool, days, deviceIds);
    this.note("connection_interval", found.length);
    if (isRepairing && found.length > 0) await this.database.transaction((tx) => setIntervals(tx, found));
  }

  private async compareSums(days: Days, deviceIds: readonly string[], isRepairing: boolean): Promise<void> {
    for (const name of SUMMED) {
      const found = await differencesOfDevices(this.database.pool, name, days, deviceIds);
      this.note(name, found.length);
      if (isRepairing) await addMissing(this.database.pool, name, found);
    }
  }

  private async compareOutages(days: Days, deviceIds: readonly string[], isRepairing: boolean): Promise<void> {
    const checks = await this.database.transaction(async (tx) => {
      await tx.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
      return checkOutages(tx, days, await this.store.standings(tx, deviceIds, false));
    });
    for (const { deviceId, wrong, right, connects, progress } of checks) {
      const outages = new Set([...wrong, ...right].map(({ epoch, seq }) => `${epoch}/${seq}`)).size;
      this.note("outage", outages);
      this.note("outage_progress", Number(progress !== undefined));
      this.note("connect_hour", connects.length);
      if (isRepairing && (outages > 0 || progress || connects.length > 0)) await this.repairOutages(days, deviceId);
    }
  }

  /** Under the lock that the projector takes before it reads where a device stands, so that both see each other's work. */
  private async repairOutages(days: Days, deviceId: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      const standings = await this.store.standings(tx, [deviceId]);
      const [check] = await checkOutages(tx, days, standings);
      if (!check) return;
      const { wrong, right, connects, progress } = check;
      await tx.query(
        `DELETE FROM outage o USING unnest($2::bigint[], $3::bigint[]) AS v (epoch, seq)
          WHERE o.device_id = $1 AND o.epoch = v.epoch AND o.seq = v.seq`,
        [deviceId, wrong.map(({ epoch }) => epoch), wrong.map(({ seq }) => seq)],
      );
      await this.store.add(tx, {
        sums: emptySums(),
        outages: right.map((outage) => ({ ...outage, deviceId })),
        moved: progress ? [{ ...progress, deviceId, isNew: !standings.get(deviceId)?.progress }] : [],
      });
      await addMissing(tx, "connect_hour", connects);
    });
  }

  private note(table: string, differences: number): void {
    this.differences[table] = (this.differences[table] ?? 0) + differences;
  }
}

/** A day since 1970 as people write it. */
export function dayName(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10);
}
