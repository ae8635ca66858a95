import type { LiveKind } from "@mn316-fleet/contracts";
import type { KnownModuleState } from "@mn316-fleet/manual";
import { Injectable } from "@nestjs/common";
import { MODULE_STATE } from "../devices/selection";
import { Database } from "../platform/database/database";

/** Where a reader stands: the transaction and the number of the last event that it has. Ordered as `compare` does. */
export interface LivePosition {
  xid: bigint;
  id: bigint;
}

/** An event, with what of its device the filters ask for. */
export interface LiveRow {
  position: LivePosition;
  at: Date;
  kind: LiveKind;
  fleetId: number;
  deviceId: string | null;
  data: Record<string, unknown>;
  tags: string[] | null;
  moduleState: KnownModuleState | null;
}

/** Events that are kept for readers who come back. */
const KEPT_EVENTS = 100_000;

@Injectable()
export class LiveStore {
  constructor(private readonly database: Database) {}

  /** Where a reader begins that wants only what comes now: behind everything that is certain to be complete. */
  async now(): Promise<LivePosition> {
    const { rows } = await this.database.pool.query<{ xid: string }>(
      "SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS xid",
    );
    return { xid: BigInt(rows[0]?.xid ?? 0), id: 0n };
  }

  /** Whether everything behind a position is still there. */
  async isKept({ xid, id }: LivePosition): Promise<boolean> {
    const { rows } = await this.database.pool.query<{ isKept: boolean }>(
      `SELECT $1::xid8 <= pg_snapshot_xmax(pg_current_snapshot()) AND NOT EXISTS (
                SELECT 1 FROM live_trimmed t WHERE (t.xid, t.id) > ($1::xid8, $2::bigint)) AS "isKept"`,
      [String(xid), String(id)],
    );
    return rows[0]?.isKept ?? false;
  }

  /**
   * What comes behind a position, in order and without gaps (primary key of live_event): of transactions that are over, with
   * none older still running.
   */
  async after({ xid, id }: LivePosition, limit: number): Promise<LiveRow[]> {
    const { rows } = await this.database.pool.query<Omit<LiveRow, "position"> & { xid: string; id: string }>({
      name: "read-live-events",
      text: `SELECT e.xid::text AS xid, e.id, e.fleet_id AS "fleetId", e.at, e.kind, e.device_id AS "deviceId", e.data, d.tags,
                    CASE WHEN d.id IS NOT NULL THEN ${MODULE_STATE} END AS "moduleState"
               FROM (SELECT * FROM live_event
                      WHERE (xid, id) > ($1::xid8, $2::bigint) AND xid < pg_snapshot_xmin(pg_current_snapshot())
                      ORDER BY xid, id LIMIT $3) e
               LEFT JOIN device d ON d.id = e.device_id
               LEFT JOIN device_state s ON s.device_id = e.device_id
              ORDER BY e.xid, e.id`,
      values: [String(xid), String(id), limit],
    });
    return rows.map(({ xid: transaction, id: number, ...row }) => ({
      ...row,
      position: { xid: BigInt(transaction), id: BigInt(number) },
    }));
  }

  /** Drops all but the newest events, and remembers up to where. */
  async trim(kept = KEPT_EVENTS): Promise<void> {
    await this.database.pool.query(
      `WITH dropped AS (
         DELETE FROM live_event WHERE (xid, id) <= (
           SELECT xid, id FROM live_event ORDER BY xid DESC, id DESC OFFSET $1 LIMIT 1)
         RETURNING xid, id
       )
       INSERT INTO live_trimmed (xid, id) SELECT xid, id FROM dropped ORDER BY xid DESC, id DESC LIMIT 1
       ON CONFLICT (is_only) DO UPDATE SET xid = excluded.xid, id = excluded.id
        WHERE (live_trimmed.xid, live_trimmed.id) < (excluded.xid, excluded.id)`,
      [kept],
    );
  }
}

/** Negative where `a` comes before `b`. */
export function compare(a: LivePosition, b: LivePosition): number {
  if (a.xid !== b.xid) return a.xid < b.xid ? -1 : 1;
  return a.id === b.id ? 0 : a.id < b.id ? -1 : 1;
}
