import { CLOSE, type HelloFrame } from "@mn316-fleet/protocol";
import { Inject, Injectable } from "@nestjs/common";
import { Database } from "../platform/database/database";
import { storable } from "../platform/database/storable";
import { SETTINGS, type Settings } from "../platform/settings/settings";

/** A session that has begun, and what was found then. */
export interface BegunSession {
  fencing: bigint;
  isCurrent: boolean;
  formerNodes: string[];
  acked: number;
}

/** The agent's link, as its sessions tell it. Fencing numbers order them: a later session always wins, whatever the clocks say. */
@Injectable()
export class Presence {
  constructor(
    private readonly database: Database,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /**
   * Begins a session and ends those before it.
   * @returns its fencing number; false for `isCurrent` where a later session of the device holds it already; the nodes
   *   that held the device until now; and how far the device's outbox is committed in this epoch
   */
  begin(deviceId: string, hello: HelloFrame): Promise<BegunSession> {
    const { agent, clock, module, epoch, resumeFrom } = hello;
    return this.database.transaction(async (tx) => {
      // What the agent forgot it knows to be committed; a server restored from a backup must not ask for it again.
      // First of all, as the ingest does: the other way round the two would wait for each other. A device that was removed a
      // moment ago gets no position, which nobody would remove again.
      const position = await tx.query<{ acked: string }>(
        `INSERT INTO outbox_position AS p (device_id, epoch, acked) SELECT id, $2, $3 FROM device WHERE id = $1
         ON CONFLICT (device_id, epoch) DO UPDATE SET acked = greatest(p.acked, excluded.acked) RETURNING acked`,
        [deviceId, epoch, Math.max(0, resumeFrom - 1)],
      );
      const { rows } = await tx.query<{ id: string }>(
        "INSERT INTO link_session (device_id, node) VALUES ($1, $2) RETURNING id",
        [deviceId, this.settings.nodeId],
      );
      const fencing = BigInt(rows[0]?.id ?? 0);
      const former = await tx.query<{ node: string }>(
        `UPDATE link_session SET ended = now(), close_code = ${CLOSE.superseded}
          WHERE device_id = $1 AND id < $2 AND ended IS NULL RETURNING node`,
        [deviceId, fencing],
      );
      const { rowCount } = await tx.query(
        `UPDATE device_state
            SET online = true, fencing = $2, node = $3, link_since = now(), agent_version = $4, module = $5,
                clock_offset_ms = $6
          WHERE device_id = $1 AND fencing < $2`,
        [
          deviceId,
          fencing,
          this.settings.nodeId,
          storable(agent),
          JSON.stringify(storable(module)),
          clock - Date.now(),
        ],
      );
      return {
        fencing,
        isCurrent: rowCount === 1,
        formerNodes: former.rows.map(({ node }) => node),
        acked: Number(position.rows[0]?.acked ?? 0),
      };
    });
  }

  /** Ends sessions; a device whose later session lives on stays online. */
  async end(sessions: readonly { fencing: bigint; closeCode: number }[]): Promise<void> {
    if (sessions.length === 0) return;
    const ids = sessions.map(({ fencing }) => String(fencing));
    await this.database.transaction(async (tx) => {
      await tx.query(
        `UPDATE link_session l SET ended = now(), close_code = v.code
           FROM unnest($1::bigint[], $2::int[]) AS v (id, code) WHERE l.id = v.id AND l.ended IS NULL`,
        [ids, sessions.map(({ closeCode }) => closeCode)],
      );
      await tx.query(
        `UPDATE device_state s SET online = false, link_since = now()
           FROM link_session l WHERE l.id = ANY ($1::bigint[]) AND s.device_id = l.device_id AND s.fencing = l.id`,
        [ids],
      );
    });
  }

  /**
   * Which of these sessions a later one has taken over, or whose device is gone, by their fencing numbers, with the code that
   * tells its agent so. Makes up for a lost signal.
   */
  async over(sessions: readonly { deviceId: string; fencing: bigint }[]): Promise<Map<bigint, number>> {
    const { rows } = await this.database.pool.query<{ fencing: string; isGone: boolean }>({
      name: "find-sessions-that-are-over",
      text: `SELECT v.fencing, s.device_id IS NULL AS "isGone"
               FROM unnest($1::uuid[], $2::bigint[]) AS v (device_id, fencing)
               LEFT JOIN device_state s ON s.device_id = v.device_id
              WHERE s.device_id IS NULL OR s.fencing > v.fencing`,
      values: [sessions.map(({ deviceId }) => deviceId), sessions.map(({ fencing }) => String(fencing))],
    });
    return new Map(
      rows.map(({ fencing, isGone }) => [BigInt(fencing), isGone ? CLOSE.unauthorized : CLOSE.superseded]),
    );
  }

  /** Those of the devices that some node holds (index: primary key). */
  async held(deviceIds: readonly string[]): Promise<Set<string>> {
    const { rows } = await this.database.pool.query<{ id: string }>({
      name: "find-held-devices",
      text: `SELECT device_id AS id FROM device_state WHERE device_id = ANY ($1::uuid[]) AND online`,
      values: [deviceIds],
    });
    return new Set(rows.map(({ id }) => id));
  }

  /** Which node holds a device, or undefined while none does (index: primary key). */
  async nodeOf(deviceId: string): Promise<string | undefined> {
    const { rows } = await this.database.pool.query<{ node: string }>(
      "SELECT node FROM device_state WHERE device_id = $1 AND online",
      [deviceId],
    );
    return rows[0]?.node;
  }
}
