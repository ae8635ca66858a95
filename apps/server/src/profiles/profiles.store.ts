import type { ConfigStatus, Selector } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { DEVICES, type SelectionSql, selectorSql } from "../devices/selection";
import { Database, type Transaction } from "../platform/database/database";

export interface ProfileRow {
  id: string;
  name: string;
  description: string;
  selector: Selector;
  priority: number;
  /** Part of a configuration document, without the password. */
  template: Record<string, unknown>;
  passwordId: string | null;
  version: number;
  createdAt: Date;
  updatedAt: Date;
  updatedBy: string;
}

/** What a write sets. */
export type ProfileFields = Pick<
  ProfileRow,
  "name" | "description" | "selector" | "priority" | "template" | "passwordId"
>;

/** Why devices have to be resolved again. */
export interface Cause {
  author: string;
  source: "profile";
  id: string;
  name: string;
}

const COLUMNS = `id, name, description, selector, priority, template, password_id AS "passwordId", version,
  created_at AS "createdAt", updated_at AS "updatedAt", updated_by AS "updatedBy"`;
/** All writes of profiles, one after another: each sees the effect of those before it. */
const PROFILES_LOCK = 316_000_005;

@Injectable()
export class ProfilesStore {
  constructor(private readonly database: Database) {}

  /** All profiles, the strongest last. */
  async all(tx: Pick<Transaction, "query">): Promise<ProfileRow[]> {
    const { rows } = await tx.query<ProfileRow>(`SELECT ${COLUMNS} FROM profile ORDER BY priority, name DESC`);
    return rows;
  }

  /** Which of the profiles choose each of the devices; a device that none chooses is missing. */
  async choosing(
    tx: Pick<Transaction, "query">,
    profiles: readonly ProfileRow[],
    deviceIds: readonly string[],
  ): Promise<Map<string, ProfileRow[]>> {
    if (profiles.length === 0) return new Map();
    const parameters: unknown[] = [deviceIds];
    const columns = profiles.map(({ selector }, index) => {
      const condition = selectorSql(selector, parameters.length + 1);
      parameters.push(...condition.parameters);
      return `CASE WHEN ${condition.sql} THEN ${index} END`;
    });
    const { rows } = await tx.query<{ id: string; chosen: number[] }>(
      `SELECT d.id, array_remove(ARRAY[${columns.join(", ")}]::int[], NULL) AS chosen FROM ${DEVICES}
        WHERE d.id = ANY ($1::uuid[])`,
      parameters,
    );
    return new Map(rows.map(({ id, chosen }) => [id, profiles.filter((_, index) => chosen.includes(index))]));
  }

  async find(tx: Pick<Transaction, "query">, id: string): Promise<ProfileRow | undefined> {
    const { rows } = await tx.query<ProfileRow>(`SELECT ${COLUMNS} FROM profile WHERE id = $1`, [id]);
    return rows[0];
  }

  /** One more than `limit`, the strongest first. */
  async list(limit: number, after: readonly [priority: number, name: string] | undefined): Promise<ProfileRow[]> {
    const { rows } = await this.database.pool.query<ProfileRow>(
      `SELECT ${COLUMNS} FROM profile
        WHERE $1::int IS NULL OR priority < $1 OR (priority = $1 AND name > $2)
        ORDER BY priority DESC, name LIMIT $3`,
      [after?.[0] ?? null, after?.[1] ?? null, limit + 1],
    );
    return rows;
  }

  /** Nobody else writes a profile until the transaction ends. */
  async lock(tx: Transaction): Promise<void> {
    await tx.query("SELECT pg_advisory_xact_lock($1)", [PROFILES_LOCK]);
  }

  async count(tx: Transaction): Promise<number> {
    const { rows } = await tx.query<{ count: number }>("SELECT count(*)::int AS count FROM profile");
    return rows[0]?.count ?? 0;
  }

  /** Adds a profile, or replaces the one with this id and counts its version up. */
  async write(tx: Transaction, id: string, fields: ProfileFields, author: string): Promise<ProfileRow> {
    const { name, description, selector, priority, template, passwordId } = fields;
    const { rows } = await tx.query<ProfileRow>(
      `INSERT INTO profile (id, name, description, selector, priority, template, password_id, updated_by)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
       ON CONFLICT (id) DO UPDATE
          SET name = excluded.name, description = excluded.description, selector = excluded.selector,
              priority = excluded.priority, template = excluded.template, password_id = excluded.password_id,
              updated_by = excluded.updated_by, updated_at = now(), version = profile.version + 1
       RETURNING ${COLUMNS}`,
      [id, name, description, JSON.stringify(selector), priority, JSON.stringify(template), passwordId, author],
    );
    const [written] = rows;
    if (!written) throw new Error("INSERT INTO profile returned no row");
    return written;
  }

  async remove(tx: Transaction, id: string): Promise<void> {
    await tx.query("DELETE FROM profile WHERE id = $1", [id]);
  }

  /** The first devices that any of the selectors chooses, and how many there are. */
  async chosen(
    tx: Transaction,
    selectors: readonly Selector[],
    limit: number,
  ): Promise<{ ids: string[]; total: number }> {
    const { sql, parameters } = anyOf(selectors, 2);
    const { rows } = await tx.query<{ id: string; total: number }>(
      `SELECT d.id, (count(*) OVER ())::int AS total FROM ${DEVICES} WHERE ${sql} ORDER BY d.id LIMIT $1`,
      [limit, ...parameters],
    );
    return { ids: rows.map(({ id }) => id), total: rows[0]?.total ?? 0 };
  }

  /** Has the devices that any of the selectors chooses resolved again; in one order, so that two writers cannot cross. */
  async markUnresolved(tx: Transaction, selectors: readonly Selector[], cause: Cause): Promise<void> {
    const { sql, parameters } = anyOf(selectors, 5);
    await tx.query(
      `INSERT INTO config_unresolved (device_id, author, source, source_id, source_name)
       SELECT d.id, $1, $2, $3, $4 FROM ${DEVICES} WHERE ${sql} ORDER BY d.id
       ON CONFLICT (device_id) DO UPDATE
          SET at = now(), author = excluded.author, source = excluded.source, source_id = excluded.source_id,
              source_name = excluded.source_name`,
      [cause.author, cause.source, cause.id, cause.name, ...parameters],
    );
  }

  /** The devices that a selector chooses, by how far they are with their configuration. */
  async counts(selector: Selector): Promise<Partial<Record<ConfigStatus, number>>> {
    const { sql, parameters } = selectorSql(selector, 1);
    const { rows } = await this.database.pool.query<{ status: ConfigStatus; devices: number }>(
      `SELECT coalesce(c.shown_status, 'none') AS status, count(*)::int AS devices
         FROM ${DEVICES} LEFT JOIN device_config c ON c.device_id = d.id WHERE ${sql} GROUP BY 1`,
      parameters,
    );
    return Object.fromEntries(rows.map(({ status, devices }) => [status, devices]));
  }
}

function anyOf(selectors: readonly Selector[], firstParameter: number): SelectionSql {
  const parameters: unknown[] = [];
  const conditions = selectors.map((selector) => {
    const condition = selectorSql(selector, firstParameter + parameters.length);
    parameters.push(...condition.parameters);
    return condition.sql;
  });
  return { sql: `(${conditions.join(" OR ")})`, parameters };
}
