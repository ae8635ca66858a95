import type { CreateSilence, Selector } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { Database, type Transaction } from "../platform/database/database";

export interface SilenceRow {
  id: string;
  ruleId: string | null;
  selector: Selector | null;
  beginsAt: Date;
  endsAt: Date;
  isActive: boolean;
  reason: string;
  createdAt: Date;
  createdBy: string;
}

const COLUMNS = `id, rule_id AS "ruleId", selector, begins_at AS "beginsAt", ends_at AS "endsAt",
  (begins_at <= now() AND ends_at > now()) AS "isActive", reason, created_at AS "createdAt", created_by AS "createdBy"`;

@Injectable()
export class SilencesStore {
  constructor(private readonly database: Database) {}

  /** One more than `limit`, those that last longest first. */
  async list(limit: number, before: readonly [endsMs: number, id: string] | undefined): Promise<SilenceRow[]> {
    const { rows } = await this.database.pool.query<SilenceRow>(
      `SELECT ${COLUMNS} FROM silence WHERE $1::timestamptz IS NULL OR (ends_at, id) < ($1, $2)
        ORDER BY ends_at DESC, id DESC LIMIT $3`,
      [before ? new Date(before[0]) : null, before?.[1] ?? null, limit + 1],
    );
    return rows;
  }

  async find(id: string): Promise<SilenceRow | undefined> {
    const { rows } = await this.database.pool.query<SilenceRow>(`SELECT ${COLUMNS} FROM silence WHERE id = $1`, [id]);
    return rows[0];
  }

  /** How many are active, or will be. */
  async countLasting(tx: Transaction): Promise<number> {
    const { rows } = await tx.query<{ count: number }>(
      "SELECT count(*)::int AS count FROM silence WHERE ends_at > now()",
    );
    return rows[0]?.count ?? 0;
  }

  /** @returns undefined where it would have ended before it began, by the database's clock */
  async add(
    tx: Transaction,
    { ruleId, selector, from, to, reason }: CreateSilence,
    author: string,
  ): Promise<SilenceRow | undefined> {
    const { rows } = await tx.query<SilenceRow>(
      `INSERT INTO silence (rule_id, selector, begins_at, ends_at, reason, created_by)
       SELECT $1, $2, coalesce($3::timestamptz, now()), $4, $5, $6
        WHERE $4::timestamptz > greatest(now(), coalesce($3::timestamptz, now()))
       RETURNING ${COLUMNS}`,
      [ruleId ?? null, selector ? JSON.stringify(selector) : null, from ?? null, to, reason, author],
    );
    return rows[0];
  }

  /** @returns whether there was one */
  async remove(id: string): Promise<boolean> {
    const { rowCount } = await this.database.pool.query("DELETE FROM silence WHERE id = $1", [id]);
    return rowCount === 1;
  }
}
