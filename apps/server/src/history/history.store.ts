import type {
  EventQuery,
  Interval,
  IntervalQuery,
  LinkSession,
  Outage,
  OutageQuery,
  StoredEvent,
} from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { Database } from "../platform/database/database";

export interface EventRow {
  epoch: string;
  seq: string;
  at: Date;
  receivedAt: Date;
  kind: string;
  fields: Record<string, unknown>;
}

export interface IntervalRow {
  epoch: string;
  seq: string;
  state: Interval["state"];
  began: Date;
  ended: Date | null;
  cause: Interval["cause"];
  configVersion: number | null;
}

export interface OutageRow {
  epoch: string;
  seq: string;
  began: Date;
  ended: Date | null;
  unknownMs: number;
  cause: Outage["cause"];
  cell: string | null;
  configVersion: number | null;
}

export interface LinkSessionRow extends Omit<LinkSession, "began" | "ended"> {
  id: string;
  began: Date;
  ended: Date | null;
}

interface Range {
  from?: string | undefined;
  to?: string | undefined;
  limit: number;
}
/** Events and intervals are listed newest first, by the agent's own order. */
export type Position = readonly [epoch: string, seq: string];

@Injectable()
export class HistoryStore {
  constructor(private readonly database: Database) {}

  async deviceExists(id: string): Promise<boolean> {
    const { rowCount } = await this.database.pool.query("SELECT 1 FROM device WHERE id = $1", [id]);
    return rowCount === 1;
  }

  /** One more than `limit`, newest first (primary key of module_event). */
  async events(deviceId: string, query: Omit<EventQuery, "cursor">, after: Position | undefined): Promise<EventRow[]> {
    const { kind, cause, from, to, limit } = query;
    const { rows } = await this.database.pool.query<EventRow>(
      `SELECT epoch, seq, at, received_at AS "receivedAt", kind, fields FROM module_event
        WHERE device_id = $1 AND ($2::text[] IS NULL OR kind = ANY ($2)) AND ($8::text IS NULL OR fields->>'cause' = $8)
          AND ($3::timestamptz IS NULL OR at >= $3) AND ($4::timestamptz IS NULL OR at < $4)
          AND ($5::bigint IS NULL OR (epoch, seq) < ($5, $6::bigint))
        ORDER BY epoch DESC, seq DESC LIMIT $7`,
      [deviceId, kind, from, to, after?.[0], after?.[1], limit + 1, cause],
    );
    return rows;
  }

  /** One more than `limit`, newest first; the outage that goes on comes first of all (primary keys). */
  async outages(
    deviceId: string,
    { cause, from, to, limit }: Omit<OutageQuery, "cursor">,
    after: Position | undefined,
  ): Promise<OutageRow[]> {
    const { rows } = await this.database.pool.query<OutageRow>(
      `WITH known AS (
         SELECT epoch, seq, began, ended, unknown_ms, cause, cell, config_version FROM outage WHERE device_id = $1
         UNION ALL
         SELECT epoch, 9223372036854775807, began, NULL, unknown_ms, cause, cell, config_version
           FROM outage_progress WHERE device_id = $1 AND began IS NOT NULL
       )
       SELECT epoch, seq, began, ended, unknown_ms::float8 AS "unknownMs", cause, cell, config_version AS "configVersion"
         FROM known
        WHERE ($2::text IS NULL OR cause = $2)
          AND ($3::timestamptz IS NULL OR ended IS NULL OR ended > $3) AND ($4::timestamptz IS NULL OR began < $4)
          AND ($5::bigint IS NULL OR (epoch, seq) < ($5, $6::bigint))
        ORDER BY epoch DESC, seq DESC LIMIT $7`,
      [deviceId, cause, from, to, after?.[0], after?.[1], limit + 1],
    );
    return rows;
  }

  /** One more than `limit`, newest first; the open interval comes first of all. */
  async intervals(
    deviceId: string,
    query: Omit<IntervalQuery, "cursor">,
    after: Position | undefined,
  ): Promise<IntervalRow[]> {
    const { state, cause, from, to, limit } = query;
    const { rows } = await this.database.pool.query<IntervalRow>(
      `WITH known AS (
         SELECT epoch, seq, state, began, ended, cause, config_version FROM connection_interval WHERE device_id = $1
         UNION ALL
         SELECT state_epoch, 9223372036854775807, module_state, module_since, NULL, NULL, config_version
           FROM device_state WHERE device_id = $1 AND module_since IS NOT NULL AND online
       )
       SELECT epoch, seq, state, began, ended, cause, config_version AS "configVersion" FROM known
        WHERE ($2::text IS NULL OR state = $2) AND ($3::text IS NULL OR cause = $3)
          AND ($4::timestamptz IS NULL OR ended IS NULL OR ended > $4) AND ($5::timestamptz IS NULL OR began < $5)
          AND ($6::bigint IS NULL OR (epoch, seq) < ($6, $7::bigint))
        ORDER BY epoch DESC, seq DESC LIMIT $8`,
      [deviceId, state, cause, from, to, after?.[0], after?.[1], limit + 1],
    );
    return rows;
  }

  /** One more than `limit`, newest first (index link_session_device_id_id_idx). */
  async linkSessions(
    deviceId: string,
    { from, to, limit }: Range,
    after: string | undefined,
  ): Promise<LinkSessionRow[]> {
    const { rows } = await this.database.pool.query<LinkSessionRow>(
      `SELECT id, node, began, ended, close_code AS "closeCode" FROM link_session
        WHERE device_id = $1 AND ($2::timestamptz IS NULL OR ended IS NULL OR ended > $2)
          AND ($3::timestamptz IS NULL OR began < $3) AND ($4::bigint IS NULL OR id < $4)
        ORDER BY id DESC LIMIT $5`,
      [deviceId, from, to, after, limit + 1],
    );
    return rows;
  }
}

export function toStoredEvent({ epoch, seq, at, receivedAt, kind, fields }: EventRow): StoredEvent {
  return {
    epoch: Number(epoch),
    seq: Number(seq),
    at: at.toISOString(),
    receivedAt: receivedAt.toISOString(),
    ...fields,
    kind,
  };
}

export function toOutage({ epoch: _epoch, seq: _seq, unknownMs, ...row }: OutageRow, now = new Date()): Outage {
  return {
    ...row,
    began: row.began.toISOString(),
    ended: row.ended?.toISOString() ?? null,
    seconds: Math.max(0, ((row.ended ?? now).getTime() - row.began.getTime()) / 1_000),
    unknownSeconds: unknownMs / 1_000,
  };
}

export function toInterval({ state, began, ended, cause, configVersion }: IntervalRow, now = new Date()): Interval {
  const seconds = ((ended ?? now).getTime() - began.getTime()) / 1_000;
  return {
    state,
    began: began.toISOString(),
    ended: ended?.toISOString() ?? null,
    seconds: Math.max(0, seconds),
    cause,
    configVersion,
  };
}
