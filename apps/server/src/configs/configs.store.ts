import type { ConfigChange, ConfigSource, ConfigStatus, FieldError } from "@mn316-fleet/contracts";
import type { ReportedConfig } from "@mn316-fleet/protocol";
import { Injectable } from "@nestjs/common";
import { Database, type Transaction } from "../platform/database/database";
import type { StoredDocument } from "./resolve";

/** What is stored of a device's configuration; a device that was never given one has version 0. */
export interface ConfigRow {
  deviceId: string;
  imei: string | null;
  tags: string[];
  version: number;
  /** The device's own settings, without the password. */
  own: Record<string, unknown> | null;
  ownPasswordId: string | null;
  desired: StoredDocument | null;
  passwordId: string | null;
  /** The IMEI that `desired` was filled in with, where it asks for one. */
  filledImei: string | null;
  /** The values of the tags that `desired` was filled in with, by their name, where it asks for any. */
  filledTags: Record<string, string> | null;
  problems: FieldError[] | null;
  reported: ReportedConfig | null;
  /** What the agent said of `version`. */
  status: ConfigStatus;
  /** As callers see it. */
  shownStatus: ConfigStatus;
  reason: string | null;
}

/** What caused a version. */
export interface VersionCause {
  author: string;
  source: ConfigSource;
  sourceId?: string | null;
  sourceName?: string | null;
  sourceVersion?: number | null;
}

/** A version to be written. */
export interface NewVersion
  extends
    VersionCause,
    Pick<ConfigRow, "deviceId" | "version" | "desired" | "passwordId" | "filledImei" | "filledTags"> {
  changes: ConfigChange[];
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
  SELECT d.id AS "deviceId", d.imei, d.tags, coalesce(c.version, 0) AS version, c.own, c.own_password_id AS "ownPasswordId",
         c.desired, c.password_id AS "passwordId", c.filled_imei AS "filledImei", c.filled_tags AS "filledTags",
         c.problems, c.reported,
         coalesce(c.status, 'none') AS status, coalesce(c.shown_status, 'none') AS "shownStatus", c.reason
    FROM device d LEFT JOIN device_config c ON c.device_id = d.id WHERE d.id = ANY ($1::uuid[])`;

@Injectable()
export class ConfigsStore {
  constructor(private readonly database: Database) {}

  async find(deviceId: string): Promise<ConfigRow | undefined> {
    return (await this.findAll(this.database.pool, [deviceId]))[0];
  }

  async findAll(tx: Pick<Transaction, "query">, deviceIds: readonly string[]): Promise<ConfigRow[]> {
    const { rows } = await tx.query<ConfigRow>(SELECT, [deviceIds]);
    return rows;
  }

  /** Reads for a write: nobody else writes these devices' configuration until the transaction ends. */
  async lock(tx: Transaction, deviceIds: readonly string[]): Promise<ConfigRow[]> {
    await tx.query("SELECT 1 FROM device WHERE id = ANY ($1::uuid[]) ORDER BY id FOR KEY SHARE", [deviceIds]);
    await tx.query(
      `INSERT INTO device_config (device_id) SELECT id FROM device WHERE id = ANY ($1::uuid[]) ORDER BY id
       ON CONFLICT DO NOTHING`,
      [deviceIds],
    );
    await lockRows(tx, deviceIds);
    return this.findAll(tx, deviceIds);
  }

  async writeOwn(
    tx: Transaction,
    { deviceId, own, ownPasswordId }: Pick<ConfigRow, "deviceId" | "own" | "ownPasswordId">,
  ) {
    await tx.query("UPDATE device_config SET own = $2, own_password_id = $3 WHERE device_id = $1", [
      deviceId,
      own && JSON.stringify(own),
      ownPasswordId,
    ]);
  }

  /** Stores next versions with their history, of which the newest ones of each device stay. */
  async writeVersions(tx: Transaction, versions: readonly NewVersion[]): Promise<void> {
    if (versions.length === 0) return;
    const records = JSON.stringify(versions);
    await tx.query(
      `WITH v AS (
         SELECT * FROM jsonb_to_recordset($1::jsonb) AS v (
           "deviceId" uuid, version int, desired jsonb, "passwordId" uuid, "filledImei" text, "filledTags" jsonb,
           author text, source text, "sourceId" uuid, "sourceName" text, "sourceVersion" int, changes jsonb)
       ), noted AS (
         INSERT INTO config_version (device_id, version, author, source, source_id, source_name, source_version, document,
                                     password_id, changes)
         SELECT "deviceId", version, author, source, "sourceId", "sourceName", "sourceVersion", desired, "passwordId", changes
           FROM v
       )
       UPDATE device_config c
          SET version = v.version, desired = v.desired, password_id = v."passwordId", filled_imei = v."filledImei",
              filled_tags = v."filledTags", problems = NULL,
              status = CASE WHEN v.desired IS NULL THEN 'none' ELSE 'pending' END, reason = NULL, is_drifted = false, told_at = NULL, updated_at = now()
         FROM v WHERE c.device_id = v."deviceId"`,
      [records],
    );
    await tx.query(
      `DELETE FROM config_version h USING jsonb_to_recordset($1::jsonb) AS v ("deviceId" uuid, version int)
        WHERE h.device_id = v."deviceId" AND h.version <= v.version - ${KEPT_VERSIONS}`,
      [records],
    );
  }

  /** Notes why devices keep what they have, or that nothing is in the way any more (no problems). */
  async writeProblems(tx: Transaction, found: readonly { deviceId: string; problems: FieldError[] }[]): Promise<void> {
    if (found.length === 0) return;
    await tx.query(
      `UPDATE device_config c SET problems = nullif(v.problems, '[]'::jsonb), updated_at = now()
         FROM jsonb_to_recordset($1::jsonb) AS v ("deviceId" uuid, problems jsonb) WHERE c.device_id = v."deviceId"`,
      [JSON.stringify(found)],
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

  /** Notes that the agents were told of what is desired now. */
  async told(deviceIds: readonly string[]): Promise<void> {
    await this.database.pool.query(
      "UPDATE device_config SET told_at = now() WHERE device_id = ANY ($1::uuid[]) AND status = 'pending'",
      [deviceIds],
    );
  }

  /** Those of the devices whose agents are connected. */
  async connected(deviceIds: readonly string[]): Promise<Set<string>> {
    const { rows } = await this.database.pool.query<{ id: string }>(
      "SELECT device_id AS id FROM device_state WHERE device_id = ANY ($1::uuid[]) AND online",
      [deviceIds],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** Connected agents that did not answer a version they should have been told of (index device_config_pending_idx). */
  async unheard(afterS: number, limit: number): Promise<string[]> {
    const { rows } = await this.database.pool.query<{ id: string }>(
      `SELECT c.device_id AS id FROM device_config c JOIN device_state s USING (device_id)
        WHERE c.status = 'pending' AND s.online AND c.updated_at < now() - make_interval(secs => $1)
          AND (c.told_at IS NULL OR c.told_at < now() - make_interval(secs => $1)) LIMIT $2`,
      [afterS, limit],
    );
    return rows.map(({ id }) => id);
  }

  /**
   * Takes what agents said, at most one report a device. A version that is no longer the desired one changes no status,
   * and a late `applying` none that is already decided; whatever order frames and events arrive in, the last decision
   * holds.
   */
  async report(tx: Pick<Transaction, "query">, reports: ConfigReport[]): Promise<void> {
    if (reports.length > 1)
      await lockRows(
        tx,
        reports.map(({ deviceId }) => deviceId),
      );
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

  /** Notes whether the module holds what was confirmed, as long as `version` is the desired one. */
  async writeDrift(deviceId: string, version: number, isDrifted: boolean): Promise<void> {
    await this.database.pool.query(
      "UPDATE device_config SET is_drifted = $3 WHERE device_id = $1 AND version = $2 AND is_drifted <> $3",
      [deviceId, version, isDrifted],
    );
  }
}

/** Versions of a device that its history keeps. */
const KEPT_VERSIONS = 200;

/** Row locks in one order, so that writers of several devices cannot cross. */
async function lockRows(tx: Pick<Transaction, "query">, deviceIds: readonly string[]): Promise<void> {
  await tx.query("SELECT 1 FROM device_config WHERE device_id = ANY ($1::uuid[]) ORDER BY device_id FOR UPDATE", [
    deviceIds,
  ]);
}
