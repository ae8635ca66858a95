import type { AlertGrouping, AlertKind, Selector, Severity } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { Database, type Transaction } from "../platform/database/database";

export interface RuleRow {
  id: string;
  fleetId: number;
  name: string;
  description: string;
  kind: AlertKind;
  params: Record<string, unknown>;
  selector: Selector;
  severity: Severity;
  clearAfterS: number;
  groupBy: AlertGrouping;
  channelIds: string[];
  isEnabled: boolean;
  version: number;
  createdAt: Date;
  updatedAt: Date;
  updatedBy: string;
  evaluatedAt: Date | null;
}

/** What a write sets. */
export type RuleFields = Omit<
  RuleRow,
  "id" | "fleetId" | "version" | "createdAt" | "updatedAt" | "updatedBy" | "evaluatedAt"
>;

const COLUMNS = `r.id, r.fleet_id AS "fleetId", r.name, r.description, r.kind, r.params, r.selector, r.severity, r.clear_after_s AS "clearAfterS",
  r.group_by AS "groupBy", r.channel_ids AS "channelIds", r.is_enabled AS "isEnabled", r.version,
  r.created_at AS "createdAt", r.updated_at AS "updatedAt", r.updated_by AS "updatedBy", r.evaluated_at AS "evaluatedAt"`;
/** With the alerts of it that are open (index alert_open_subject and alert_open_group). */
const SHOWN = `${COLUMNS}, (SELECT count(*)::int FROM alert a WHERE a.rule_id = r.id AND a.resolved_at IS NULL) AS "openAlerts"`;
/** All writes of rules and channels, one after another: a rule cannot name a channel that is just being removed. */
const WRITES_LOCK = 316_000_021;

export type ShownRule = RuleRow & { openAlerts: number };

@Injectable()
export class RulesStore {
  constructor(private readonly database: Database) {}

  /** One more than `limit`, by name. */
  async list(limit: number, after: string | undefined): Promise<ShownRule[]> {
    const { rows } = await this.database.pool.query<ShownRule>(
      `SELECT ${SHOWN} FROM alert_rule r WHERE $1::text IS NULL OR r.name > $1 ORDER BY r.name LIMIT $2`,
      [after ?? null, limit + 1],
    );
    return rows;
  }

  async find(tx: Pick<Transaction, "query">, id: string): Promise<ShownRule | undefined> {
    const { rows } = await tx.query<ShownRule>(`SELECT ${SHOWN} FROM alert_rule r WHERE r.id = $1`, [id]);
    return rows[0];
  }

  /** Those that are to be looked at, now or later, of all fleets where the server asks for itself. */
  async enabled(): Promise<RuleRow[]> {
    const { rows } = await this.database.pool.query<RuleRow>(`SELECT ${COLUMNS} FROM alert_rule r WHERE is_enabled`);
    return rows;
  }

  /**
   * Takes a rule to evaluate it, until the transaction ends.
   * @returns undefined where another node has it, has just had it, or where it is gone or off
   */
  async take(tx: Transaction, { id, evaluatedAt }: RuleRow): Promise<RuleRow | undefined> {
    const { rows } = await tx.query<RuleRow>(
      `SELECT ${COLUMNS} FROM alert_rule r
        WHERE id = $1 AND is_enabled AND evaluated_at IS NOT DISTINCT FROM $2 FOR UPDATE SKIP LOCKED`,
      [id, evaluatedAt],
    );
    return rows[0];
  }

  /** Waits for a look that is under way, and keeps others from it until the transaction ends. */
  async hold(tx: Transaction, id: string): Promise<void> {
    await tx.query("SELECT 1 FROM alert_rule WHERE id = $1 FOR UPDATE", [id]);
  }

  async evaluated(tx: Transaction, id: string, at: Date): Promise<void> {
    await tx.query("UPDATE alert_rule SET evaluated_at = $2 WHERE id = $1", [id, at]);
  }

  /** The database's clock, which all nodes share. */
  async now(tx: Pick<Transaction, "query">): Promise<Date> {
    const { rows } = await tx.query<{ now: Date }>("SELECT now()");
    const [row] = rows;
    if (!row) throw new Error("SELECT now() returned no row");
    return row.now;
  }

  /** Nobody else writes rules or channels until the transaction ends. */
  async lock(tx: Transaction): Promise<void> {
    await tx.query("SELECT pg_advisory_xact_lock($1)", [WRITES_LOCK]);
  }

  async count(tx: Transaction): Promise<number> {
    const { rows } = await tx.query<{ count: number }>("SELECT count(*)::int AS count FROM alert_rule");
    return rows[0]?.count ?? 0;
  }

  /** Names of rules that tell a channel. */
  async telling(tx: Transaction, channelId: string): Promise<string[]> {
    const { rows } = await tx.query<{ name: string }>(
      "SELECT name FROM alert_rule WHERE channel_ids @> ARRAY[$1]::uuid[] ORDER BY name",
      [channelId],
    );
    return rows.map(({ name }) => name);
  }

  /** Adds a rule, or replaces the one with this id and counts its version up. */
  async write(tx: Transaction, id: string, fields: RuleFields, author: string): Promise<void> {
    await tx.query(
      `INSERT INTO alert_rule AS r (id, name, description, kind, params, selector, severity, clear_after_s, group_by,
                                    channel_ids, is_enabled, updated_by)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
       ON CONFLICT (id) DO UPDATE
          SET name = excluded.name, description = excluded.description, kind = excluded.kind, params = excluded.params,
              selector = excluded.selector, severity = excluded.severity, clear_after_s = excluded.clear_after_s,
              group_by = excluded.group_by, channel_ids = excluded.channel_ids, is_enabled = excluded.is_enabled,
              updated_by = excluded.updated_by, updated_at = now(), version = r.version + 1, evaluated_at = NULL`,
      [
        id,
        fields.name,
        fields.description,
        fields.kind,
        JSON.stringify(fields.params),
        JSON.stringify(fields.selector),
        fields.severity,
        fields.clearAfterS,
        JSON.stringify(fields.groupBy),
        fields.channelIds,
        fields.isEnabled,
        author,
      ],
    );
  }

  async remove(tx: Transaction, id: string): Promise<void> {
    await tx.query("DELETE FROM alert_rule WHERE id = $1", [id]);
  }
}
