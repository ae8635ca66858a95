import type { DeviceQuery, Selector } from "@mn316-fleet/contracts";
import type { KnownModuleState } from "@mn316-fleet/manual";
import { Injectable } from "@nestjs/common";
import { Database, type Transaction } from "../platform/database/database";
import { asSystem } from "../platform/database/fleet-scope";
import { DEVICES, MODULE_STATE, selectorSql } from "./selection";

/** A device with the last that is known of it, as the API shows it. */
export interface DeviceRow {
  id: string;
  name: string;
  imei: string | null;
  tags: string[];
  timeZone: string | null;
  createdAt: Date;
  online: boolean;
  linkSince: Date | null;
  agentVersion: string | null;
  moduleState: KnownModuleState;
  moduleSince: Date | null;
  cause: string | null;
  signalDbm: number | null;
  desiredVersion: number;
  reportedVersion: number;
  configStatus: string;
}

export interface DeviceFields {
  name: string;
  imei: string | null;
  tags: string[];
  timeZone?: string | null | undefined;
}

const SELECT = `
  SELECT d.id, d.name, d.imei, d.tags, d.time_zone AS "timeZone", d.created_at AS "createdAt",
         coalesce(s.online, false) AS online, s.link_since AS "linkSince", s.agent_version AS "agentVersion",
         ${MODULE_STATE} AS "moduleState", s.module_since AS "moduleSince", s.cause, s.signal_dbm AS "signalDbm",
         coalesce(c.version, 0) AS "desiredVersion", coalesce(c.reported_version, 0) AS "reportedVersion",
         coalesce(c.shown_status, 'none') AS "configStatus"
    FROM fleet_device d
    LEFT JOIN device_state s ON s.device_id = d.id
    LEFT JOIN device_config c ON c.device_id = d.id`;

@Injectable()
export class DevicesStore {
  constructor(private readonly database: Database) {}

  async find(id: string, tx: Pick<Transaction, "query"> = this.database.pool): Promise<DeviceRow | undefined> {
    const { rows } = await tx.query<DeviceRow>(`${SELECT} WHERE d.id = $1`, [id]);
    return rows[0];
  }

  async names(tx: Pick<Transaction, "query">, ids: readonly string[]): Promise<Map<string, string>> {
    const { rows } = await tx.query<{ id: string; name: string }>(
      "SELECT id, name FROM device WHERE id = ANY ($1::uuid[])",
      [ids],
    );
    return new Map(rows.map(({ id, name }) => [id, name]));
  }

  /**
   * One more than `limit`, oldest first, so that new devices come at the end (index device_created_at_id_idx, or that of a
   * tag, a state or a status that few devices have: so only what is asked for stands in the statement).
   * @param scope only devices that it chooses
   * @param after position (creation in ms, id) of the last device already seen
   */
  async list(
    query: Omit<DeviceQuery, "cursor">,
    scope: Selector | null,
    after: readonly [createdAtMs: number, id: string] | undefined,
  ): Promise<DeviceRow[]> {
    const { q, tag, state, online, config, limit } = query;
    const selection = selectorSql(
      {
        ...(q && { q }),
        ...(tag !== undefined && { tags: [tag] }),
        ...(state && { state: [state] }),
        ...(online !== undefined && { online: online === "true" }),
      },
      1,
    );
    const parameters = [...selection.parameters];
    const parameter = (value: unknown) => `$${parameters.push(value)}`;
    const conditions = [selection.sql];
    if (scope) {
      const within = selectorSql(scope, parameters.length + 1);
      conditions.push(within.sql);
      parameters.push(...within.parameters);
    }
    if (config === "none") conditions.push("coalesce(c.shown_status, 'none') = 'none'");
    else if (config) conditions.push(`c.shown_status = ${parameter(config)}`);
    if (after)
      conditions.push(
        `(d.created_at, d.id) > (${parameter(new Date(after[0]))}::timestamptz, ${parameter(after[1])}::uuid)`,
      );
    const { rows } = await this.database.pool.query<DeviceRow>(
      `${SELECT} WHERE ${conditions.join(" AND ")} ORDER BY d.created_at, d.id LIMIT ${parameter(limit + 1)}`,
      parameters,
    );
    return rows;
  }

  /** Those of the ids that a selector chooses. */
  async chosen(selector: Selector, deviceIds: readonly string[]): Promise<Set<string>> {
    const { sql, parameters } = selectorSql(selector, 2);
    const { rows } = await this.database.pool.query<{ id: string }>(
      `SELECT d.id FROM device d LEFT JOIN device_state s ON s.device_id = d.id WHERE d.id = ANY($1::uuid[]) AND ${sql}`,
      [deviceIds, ...parameters],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** Adds the device and its row in `device_state`, which everything that is known of it later updates. */
  async insert(tx: Transaction, { name, imei, tags, timeZone = null }: DeviceFields): Promise<string> {
    const { rows } = await tx.query<{ id: string }>(
      "INSERT INTO device (name, imei, tags, time_zone) VALUES ($1, $2, $3, $4) RETURNING id",
      [name, imei, tags, timeZone],
    );
    const [added] = rows;
    if (!added) throw new Error("INSERT INTO device returned no row");
    // In a statement of its own: a policy sees no device that the same statement adds.
    await tx.query("INSERT INTO device_state (device_id) VALUES ($1)", [added.id]);
    return added.id;
  }

  /** Adds many devices at once, whose ids the caller has chosen. */
  async insertAll(tx: Transaction, devices: readonly (DeviceFields & { id: string })[]): Promise<void> {
    await tx.query(
      `INSERT INTO device (id, name, imei, tags, time_zone) SELECT id, name, imei, tags, "timeZone"
         FROM jsonb_to_recordset($1::jsonb) AS v (id uuid, name text, imei text, tags text[], "timeZone" text)`,
      [JSON.stringify(devices)],
    );
    await tx.query("INSERT INTO device_state (device_id) SELECT * FROM unnest($1::uuid[])", [
      devices.map(({ id }) => id),
    ]);
  }

  /** Those of the IMEIs that devices have, in whichever fleet: a module is in one (index device_imei_key). */
  async takenImeis(imeis: readonly string[]): Promise<Set<string>> {
    const { rows } = await asSystem(() =>
      this.database.pool.query<{ imei: string }>("SELECT imei FROM device WHERE imei = ANY ($1::text[])", [imeis]),
    );
    return new Set(rows.map(({ imei }) => imei));
  }

  /** The device with this IMEI, locked; `isNew` while no agent of it has ever connected. */
  async findByImei(tx: Transaction, imei: string): Promise<{ id: string; isNew: boolean } | undefined> {
    const { rows } = await tx.query<{ id: string; isNew: boolean }>(
      `SELECT d.id, coalesce(s.fencing, 0) = 0 AS "isNew" FROM device d LEFT JOIN device_state s ON s.device_id = d.id
        WHERE d.imei = $1 FOR UPDATE OF d`,
      [imei],
    );
    return rows[0];
  }

  /** What a caller may change of a device, locked against other writers, but not against rows that refer to it. */
  async lock(tx: Transaction, id: string): Promise<DeviceFields | undefined> {
    const { rows } = await tx.query<DeviceFields>(
      `SELECT name, imei, tags, time_zone AS "timeZone" FROM device WHERE id = $1 FOR NO KEY UPDATE`,
      [id],
    );
    return rows[0];
  }

  async write(tx: Transaction, id: string, { name, imei, tags, timeZone }: DeviceFields): Promise<void> {
    await tx.query("UPDATE device SET name = $2, imei = $3, tags = $4, time_zone = $5 WHERE id = $1", [
      ...[id, name, imei, tags, timeZone],
    ]);
  }

  /** @returns what it was; undefined for an unknown device */
  async remove(tx: Transaction, id: string): Promise<DeviceFields | undefined> {
    const { rows } = await tx.query<DeviceFields>(
      `DELETE FROM device WHERE id = $1 RETURNING name, imei, tags, time_zone AS "timeZone"`,
      [id],
    );
    return rows[0];
  }

  /** How many devices a selector chooses. */
  async count(selector: Selector): Promise<number> {
    const { sql, parameters } = selectorSql(selector, 1);
    const { rows } = await this.database.pool.query<{ devices: number }>(
      `SELECT count(*)::int AS devices FROM ${DEVICES} WHERE ${sql}`,
      parameters,
    );
    return rows[0]?.devices ?? 0;
  }

  /** Devices by link and state, for the head of the dashboard. @param scope only devices that it chooses */
  async counts(scope: Selector | null): Promise<{ state: KnownModuleState; online: boolean; devices: number }[]> {
    const { sql, parameters } = selectorSql(scope ?? { all: true }, 1);
    const { rows } = await this.database.pool.query<{ state: KnownModuleState; online: boolean; devices: number }>(
      `SELECT ${MODULE_STATE} AS state, coalesce(s.online, false) AS online, count(*)::int AS devices
         FROM ${DEVICES}
        WHERE ${sql} GROUP BY 1, 2`,
      parameters,
    );
    return rows;
  }

  /** All devices, by the state of their module. */
  async countByState(): Promise<{ value: KnownModuleState; count: number }[]> {
    const { rows } = await this.database.pool.query<{ value: KnownModuleState; count: number }>(
      `SELECT ${MODULE_STATE} AS value, count(*)::int AS count FROM device_state s GROUP BY 1`,
    );
    return rows;
  }
}
