import type { AlertQuery, Severity } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { Database } from "../platform/database/database";
import { ALERT_COLUMNS, type AlertRow } from "./alert-row";

export interface AlertDeviceRow {
  deviceId: string;
  name: string | null;
  joinedAt: Date;
  leftAt: Date | null;
}

/** Conditions of the states, each of which an index of `alert` serves. */
const STATES = {
  firing: "a.resolved_at IS NULL AND a.acknowledged_at IS NULL",
  acknowledged: "a.resolved_at IS NULL AND a.acknowledged_at IS NOT NULL",
  open: "a.resolved_at IS NULL",
  resolved: "a.resolved_at IS NOT NULL",
};

@Injectable()
export class AlertsStore {
  constructor(private readonly database: Database) {}

  /** One more than `limit`, the newest first. */
  async list(
    { state, severity, ruleId, deviceId, limit }: AlertQuery,
    before: readonly [firedMs: number, id: string] | undefined,
  ): Promise<AlertRow[]> {
    const parameters: unknown[] = [];
    const parameter = (value: unknown) => `$${parameters.push(value)}`;
    const conditions = [state === undefined ? "true" : STATES[state]];
    if (severity !== undefined) conditions.push(`a.severity = ${parameter(severity)}`);
    if (ruleId !== undefined) conditions.push(`a.rule_id = ${parameter(ruleId)}::uuid`);
    if (deviceId !== undefined)
      conditions.push(`a.id IN (SELECT alert_id FROM alert_member WHERE device_id = ${parameter(deviceId)}::uuid)`);
    if (before)
      conditions.push(
        `(a.fired_at, a.id) < (${parameter(new Date(before[0]))}::timestamptz, ${parameter(before[1])}::uuid)`,
      );
    const { rows } = await this.database.pool.query<AlertRow>(
      `SELECT ${ALERT_COLUMNS} FROM alert a WHERE ${conditions.join(" AND ")}
        ORDER BY a.fired_at DESC, a.id DESC LIMIT ${parameter(limit + 1)}`,
      parameters,
    );
    return rows;
  }

  async find(id: string): Promise<AlertRow | undefined> {
    const { rows } = await this.database.pool.query<AlertRow>(`SELECT ${ALERT_COLUMNS} FROM alert a WHERE a.id = $1`, [
      id,
    ]);
    return rows[0];
  }

  /** One more than `limit` of an alert's devices (its primary key). */
  async devices(id: string, limit: number, after: string | undefined): Promise<AlertDeviceRow[]> {
    const { rows } = await this.database.pool.query<AlertDeviceRow>(
      `SELECT m.device_id AS "deviceId", d.name, m.joined_at AS "joinedAt", m.left_at AS "leftAt"
         FROM alert_member m LEFT JOIN device d ON d.id = m.device_id
        WHERE m.alert_id = $1 AND ($2::uuid IS NULL OR m.device_id > $2) ORDER BY m.device_id LIMIT $3`,
      [id, after ?? null, limit + 1],
    );
    return rows;
  }

  /** The first one to acknowledge an open alert is noted. @returns undefined where it is over, acknowledged or gone */
  async acknowledge(id: string, by: string, note: string | undefined): Promise<AlertRow | undefined> {
    const { rows } = await this.database.pool.query<AlertRow>(
      `UPDATE alert a SET acknowledged_at = now(), acknowledged_by = $2, note = $3
        WHERE id = $1 AND resolved_at IS NULL AND acknowledged_at IS NULL RETURNING ${ALERT_COLUMNS}`,
      [id, by, note ?? null],
    );
    return rows[0];
  }

  async openBySeverity(): Promise<{ value: Severity; count: number }[]> {
    const { rows } = await this.database.pool.query<{ value: Severity; count: number }>(
      "SELECT severity AS value, count(*)::int AS count FROM alert WHERE resolved_at IS NULL GROUP BY severity",
    );
    return rows;
  }

  /** Forgets what is over and older than the retention, in bounded steps. @returns how many rows went */
  async trim(retentionDays: number, limit: number): Promise<number> {
    const { rows } = await this.database.pool.query<{ gone: number }>(
      `WITH old_alerts AS (
         DELETE FROM alert WHERE id IN (
           SELECT id FROM alert WHERE resolved_at < now() - make_interval(days => $1) LIMIT $2) RETURNING 1
       ),
       old_notifications AS (
         DELETE FROM notification WHERE id IN (
           SELECT id FROM notification WHERE status <> 'pending' AND created_at < now() - make_interval(days => $1) LIMIT $2)
         RETURNING 1
       ),
       old_silences AS (
         DELETE FROM silence WHERE id IN (
           SELECT id FROM silence WHERE ends_at < now() - make_interval(days => $1) LIMIT $2) RETURNING 1
       ),
       old_aborts AS (
         DELETE FROM job_abort WHERE job_id IN (
           SELECT job_id FROM job_abort WHERE at < now() - make_interval(days => greatest($1, 31)) LIMIT $2) RETURNING 1
       )
       SELECT ((SELECT count(*) FROM old_alerts) + (SELECT count(*) FROM old_notifications)
             + (SELECT count(*) FROM old_silences) + (SELECT count(*) FROM old_aborts))::int AS gone`,
      [retentionDays, limit],
    );
    return rows[0]?.gone ?? 0;
  }
}
