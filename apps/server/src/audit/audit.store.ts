import type { AuditFilter } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { Database } from "../platform/database/database";
import { startingWith } from "../platform/database/patterns";

/** An entry, put together from its records. */
export interface AuditRow {
  /** Of its first record: where it stands in the list. */
  position: string;
  entry: string;
  at: Date;
  endedAt: Date | null;
  actorKind: string;
  actorId: string | null;
  actorName: string | null;
  actorRole: string | null;
  address: string | null;
  node: string;
  action: string;
  resource: string | null;
  outcome: string;
  status: number | null;
  detail: string | null;
  request: unknown;
  before: unknown;
  after: unknown;
}

const STATUS = "coalesce(e.status, h.status)";
const OUTCOME = `CASE WHEN ${STATUS} IS NULL THEN 'unfinished' WHEN ${STATUS} < 400 THEN 'done'
                      WHEN ${STATUS} < 500 THEN 'refused' ELSE 'failed' END`;

@Injectable()
export class AuditStore {
  constructor(private readonly database: Database) {}

  /**
   * Entries, the newest first, by their first records (index audit_record_head_idx, or the one of the filter).
   * @param before position of the last entry already seen
   */
  async list(filter: AuditFilter, before: string | undefined, limit: number): Promise<AuditRow[]> {
    const { actor, action, resource, outcome, from, to } = filter;
    const { rows } = await this.database.pool.query<AuditRow>(
      `SELECT h.id AS position, h.entry, h.at, coalesce(e.at, CASE WHEN h.phase = 'noted' THEN h.at END) AS "endedAt",
              h.actor_kind AS "actorKind", h.actor_id AS "actorId", h.actor_name AS "actorName",
              h.actor_role AS "actorRole", h.address, h.node, h.action,
              coalesce(c.resource, e.resource, h.resource) AS resource, ${OUTCOME} AS outcome, ${STATUS} AS status,
              coalesce(e.detail, h.detail) AS detail, h.request, c.before, coalesce(c.after, e.after, h.after) AS after
         FROM audit_record h
         LEFT JOIN LATERAL (
           SELECT at, resource, status, detail, after FROM audit_record
            WHERE entry = h.entry AND phase = 'ended' ORDER BY id LIMIT 1) e ON true
         LEFT JOIN LATERAL (
           SELECT max(resource) AS resource,
                  (array_agg(before ORDER BY id) FILTER (WHERE before IS NOT NULL))[1] AS before,
                  (array_agg(after ORDER BY id DESC) FILTER (WHERE after IS NOT NULL))[1] AS after
             FROM audit_record WHERE entry = h.entry AND phase = 'changed') c ON true
        WHERE h.phase IN ('begun', 'noted')
          AND ($1::text IS NULL OR h.actor_name = $1 OR h.actor_id = $1)
          AND ($2::text IS NULL OR h.action LIKE $2)
          AND ($3::text IS NULL OR h.entry IN (
                SELECT entry FROM audit_record WHERE resource = $3 OR resource LIKE $4))
          AND ($5::text IS NULL OR ${OUTCOME} = $5)
          AND ($6::timestamptz IS NULL OR h.at >= $6) AND ($7::timestamptz IS NULL OR h.at < $7)
          AND ($8::bigint IS NULL OR h.id < $8)
        ORDER BY h.id DESC LIMIT $9`,
      [
        ...[actor ?? null, action === undefined ? null : actionPattern(action), resource ?? null],
        ...[resource === undefined ? null : startingWith(`${resource}/`), outcome ?? null, from ?? null, to ?? null],
        ...[before ?? null, limit],
      ],
    );
    return rows;
  }
}

/** `*` at the end stands for any rest. */
function actionPattern(action: string): string {
  return action.endsWith("*") ? startingWith(action.slice(0, -1)) : startingWith(action).slice(0, -1);
}
