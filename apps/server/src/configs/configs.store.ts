import type { ConfigStatus } from "@mn316-fleet/contracts";
import type { ReportedConfig } from "@mn316-fleet/protocol";
import { Injectable } from "@nestjs/common";
import { Database, type Transaction } from "../platform/database/database";
import type { StoredDocument } from "./resolve";

/** What is stored of a device's configuration; a device that was never given one has version 0. */
export interface ConfigRow {
  imei: string | null;
  version: number;
  desired: StoredDocument | null;
  password: Buffer | null;
  passwordKeyId: string | null;
  reported: ReportedConfig | null;
  status: ConfigStatus;
  reason: string | null;
}

/** What an agent said of a version of its configuration. */
export interface ConfigReport {
  deviceId: string;
  version: number;
  status: "applying" | "applied" | "rejected" | "rolled-back";
  reason: string | null;
  /** What the module holds now, where the report tells it. */
  config: ReportedConfig | null;
}

const SELECT = `
  SELECT d.imei, coalesce(c.version, 0) AS version, c.desired, c.password, c.password_key_id AS "passwordKeyId",
         c.reported, coalesce(c.status, 'none') AS status, c.reason
    FROM device d LEFT JOIN device_config c ON c.device_id = d.id WHERE d.id = $1`;

@Injectable()
export class ConfigsStore {
  constructor(private readonly database: Database) {}

  async find(deviceId: string): Promise<ConfigRow | undefined> {
    const { rows } = await this.database.pool.query<ConfigRow>(SELECT, [deviceId]);
    return rows[0];
  }

  /** Reads for a write: nobody else writes this device's configuration until the transaction ends. */
  async lock(tx: Transaction, deviceId: string): Promise<ConfigRow | undefined> {
    const { rowCount } = await tx.query("SELECT 1 FROM device WHERE id = $1 FOR KEY SHARE", [deviceId]);
    if (!rowCount) return undefined;
    await tx.query("INSERT INTO device_config (device_id) VALUES ($1) ON CONFLICT DO NOTHING", [deviceId]);
    await tx.query("SELECT 1 FROM device_config WHERE device_id = $1 FOR UPDATE", [deviceId]);
    const { rows } = await tx.query<ConfigRow>(SELECT, [deviceId]);
    return rows[0];
  }

  /** Stores the next version. */
  async write(
    tx: Transaction,
    deviceId: string,
    next: Pick<ConfigRow, "version" | "desired" | "password" | "passwordKeyId">,
  ): Promise<void> {
    await tx.query(
      `UPDATE device_config
          SET version = $2, desired = $3, password = $4, password_key_id = $5, status = 'pending', reason = NULL,
              updated_at = now()
        WHERE device_id = $1`,
      [deviceId, next.version, JSON.stringify(next.desired), next.password, next.passwordKeyId],
    );
  }

  /** Notes why the server itself cannot send a version. */
  async reject(deviceId: string, version: number, reason: string): Promise<void> {
    await this.database.pool.query(
      `UPDATE device_config SET status = 'rejected', reason = $3, updated_at = now()
        WHERE device_id = $1 AND version = $2`,
      [deviceId, version, reason],
    );
  }

  /**
   * Takes what agents said, at most one report a device. A version that is no longer the desired one changes no status,
   * and a late `applying` none that is already decided; whatever order frames and events arrive in, the last decision
   * holds.
   */
  async report(tx: Pick<Transaction, "query">, reports: ConfigReport[]): Promise<void> {
    await tx.query(
      `UPDATE device_config c
          SET status = CASE WHEN decides THEN r.status ELSE c.status END,
              reason = CASE WHEN decides THEN r.reason ELSE c.reason END,
              reported = coalesce(r.config, c.reported),
              reported_version = CASE WHEN r.status = 'applied' THEN r.version ELSE c.reported_version END,
              updated_at = now()
         FROM jsonb_to_recordset($1::jsonb)
                AS r("deviceId" uuid, version int, status text, reason text, config jsonb)
         JOIN device_config old ON old.device_id = r."deviceId"
        CROSS JOIN LATERAL (
          SELECT r.version = old.version AND (r.status <> 'applying' OR old.status IN ('none', 'pending')) AS decides
        ) AS judged
        WHERE c.device_id = r."deviceId"`,
      [JSON.stringify(reports)],
    );
  }

  /** Takes what an agent brings with its hello: the version it runs on and what the module holds. */
  async takeHello(deviceId: string, version: number, config: ReportedConfig | null): Promise<void> {
    await this.database.pool.query(
      `INSERT INTO device_config AS c (device_id, reported_version, reported)
       SELECT id, $2, $3 FROM device WHERE id = $1
       ON CONFLICT (device_id) DO UPDATE
          SET reported_version = excluded.reported_version, reported = coalesce(excluded.reported, c.reported),
              status = CASE WHEN c.version = excluded.reported_version AND c.status IN ('pending', 'applying')
                            THEN 'applied' ELSE c.status END
        WHERE (c.reported_version, c.reported) IS DISTINCT FROM (excluded.reported_version, excluded.reported)`,
      [deviceId, version, config && JSON.stringify(config)],
    );
  }
}
