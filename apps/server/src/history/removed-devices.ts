import { Inject, Injectable } from "@nestjs/common";
import type { Logger } from "pino";
import { Database } from "../platform/database/database";
import { LOGGER } from "../platform/logging/nest-logger";

/** Devices that are looked at in one statement. */
const BATCH = 500;
/** What is kept of a device beyond its removal. */
const HISTORY = [
  "module_event",
  "connection_interval",
  "availability_week",
  "timeout_hour",
  "disconnect_hour",
  "connect_hour",
  "reconnect_hour",
  "signal_hour",
  "outage",
  "link_session",
];
/** Where a device stands: of use to who goes on from there, or reads its history. */
const STANDING = ["outage_progress", "event_stream_position", "outbox_position", "device_fleet"];

/**
 * Forgets where devices stood that were removed, and whose they were, once their history is past its retention: exports, streams
 * and the check of the rollups find it by the positions of their outboxes. An id is never given again, and its tokens went with the device.
 */
@Injectable()
export class RemovedDevices {
  constructor(
    private readonly database: Database,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Harmless to repeat, and by several nodes at once. */
  async forget(): Promise<void> {
    let forgotten = 0;
    for (let after: string | undefined; ;) {
      const ids = await this.removed(after);
      if (ids.length === 0) break;
      forgotten += await this.forgetOf(await this.withoutHistory(ids));
      after = ids.at(-1);
    }
    if (forgotten > 0) this.logger.info({ devices: forgotten }, "forgot removed devices, of which no history is left");
  }

  private async removed(after: string | undefined): Promise<string[]> {
    const { rows } = await this.database.pool.query<{ id: string }>(
      `SELECT s.device_id AS id FROM device_fleet s
        WHERE ($1::uuid IS NULL OR s.device_id > $1) AND NOT EXISTS (SELECT FROM device d WHERE d.id = s.device_id)
        ORDER BY 1 LIMIT ${BATCH}`,
      [after],
    );
    return rows.map(({ id }) => id);
  }

  /** One look by primary key for each device and table; joined, whole tables would be read for a few devices. */
  private async withoutHistory(ids: readonly string[]): Promise<string[]> {
    const isEmpty = HISTORY.map((table) => `(SELECT 1 FROM ${table} h WHERE h.device_id = v.id LIMIT 1) IS NULL`);
    const { rows } = await this.database.pool.query<{ id: string }>(
      `SELECT v.id FROM unnest($1::uuid[]) AS v (id) WHERE ${isEmpty.join(" AND ")}`,
      [ids],
    );
    return rows.map(({ id }) => id);
  }

  private async forgetOf(ids: readonly string[]): Promise<number> {
    for (const table of STANDING)
      await this.database.pool.query(`DELETE FROM ${table} WHERE device_id = ANY ($1::uuid[])`, [ids]);
    return ids.length;
  }
}
