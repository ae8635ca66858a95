import type { Selector } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { selectorSql } from "../devices/selection";
import { Database, type Transaction } from "../platform/database/database";
import type { SealedSecret } from "../platform/secrets/secret-vault";

/** Where the secrets lie, for the rotation of keys. */
export const STREAM_SECRETS = { name: "event_stream", owner: "id" };

/** What an admin decides about a stream. */
export interface StreamFields extends SealedSecret {
  name: string;
  url: string;
  selector: Selector | null;
  kinds: string[] | null;
}

export interface StreamRow extends StreamFields {
  id: string;
  isEnabled: boolean;
  reason: string | null;
  createdAt: Date;
  createdBy: string;
  node: string | null;
  isOwned: boolean;
  failures: number;
  retryAt: Date | null;
  lastError: string | null;
  lastErrorAt: Date | null;
  lastDeliveredAt: Date | null;
  delivered: string;
  deliveredThrough: Date | null;
}

/** What waits for a stream. */
export interface Lag {
  events: number;
  /** Since the moment before which everything is delivered; null where there is none. */
  seconds: number | null;
}

const SELECT = `
  SELECT id, name, url, sealed, key_id AS "keyId", selector, kinds, is_enabled AS "isEnabled", reason,
         created_at AS "createdAt", created_by AS "createdBy", node, coalesce(leased_until > now(), false) AS "isOwned",
         failures, retry_at AS "retryAt", last_error AS "lastError", last_error_at AS "lastErrorAt",
         last_delivered_at AS "lastDeliveredAt", delivered, delivered_through AS "deliveredThrough"
    FROM event_stream`;

/** Streams as their admins see them. */
@Injectable()
export class EventStreamsStore {
  constructor(private readonly database: Database) {}

  async list(): Promise<StreamRow[]> {
    const { rows } = await this.database.pool.query<StreamRow>(`${SELECT} ORDER BY created_at, id`);
    return rows;
  }

  async find(id: string): Promise<StreamRow | undefined> {
    const { rows } = await this.database.pool.query<StreamRow>(`${SELECT} WHERE id = $1`, [id]);
    return rows[0];
  }

  async insert(
    tx: Transaction,
    id: string,
    { name, url, sealed, keyId, selector, kinds }: StreamFields,
    isEnabled: boolean,
    createdBy: string,
  ): Promise<void> {
    await tx.query(
      `INSERT INTO event_stream (id, name, url, sealed, key_id, selector, kinds, is_enabled, created_by)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [id, name, url, sealed, keyId, selector, kinds, isEnabled, createdBy],
    );
  }

  async update(id: string, { name, url, sealed, keyId, selector, kinds }: StreamFields): Promise<void> {
    await this.database.pool.query(
      `UPDATE event_stream SET name = $2, url = $3, sealed = $4, key_id = $5, selector = $6, kinds = $7 WHERE id = $1`,
      [id, name, url, sealed, keyId, selector, kinds],
    );
  }

  /** @returns false for an unknown stream */
  async remove(id: string): Promise<boolean> {
    const { rowCount } = await this.database.pool.query("DELETE FROM event_stream WHERE id = $1", [id]);
    return rowCount === 1;
  }

  /** Also forgets what failed: a stream that goes on is tried at once. @returns false for an unknown stream */
  async enable(id: string, isEnabled: boolean): Promise<boolean> {
    const { rowCount } = await this.database.pool.query(
      `UPDATE event_stream SET is_enabled = $2, reason = NULL, failures = 0, retry_at = NULL WHERE id = $1`,
      [id, isEnabled],
    );
    return rowCount === 1;
  }

  /** Begins another generation, without positions. @returns false for an unknown stream */
  async restart(tx: Transaction, id: string): Promise<boolean> {
    const { rowCount } = await tx.query(
      `UPDATE event_stream SET generation = generation + 1, delivered_through = NULL, failures = 0, retry_at = NULL
        WHERE id = $1`,
      [id],
    );
    await tx.query("DELETE FROM event_stream_position WHERE stream_id = $1", [id]);
    return rowCount === 1;
  }

  /**
   * Sets where a stream begins that has no positions yet. A time asks all raw events once.
   * @param from the first events that it delivers: the oldest there are, those that are stored from now on, or those received
   *   from a time on
   */
  async begin(tx: Transaction, id: string, from: string): Promise<void> {
    if (from === "now") {
      await tx.query(
        `INSERT INTO event_stream_position (stream_id, device_id, epoch, seq)
         SELECT $1, device_id, epoch, acked FROM outbox_position`,
        [id],
      );
      await tx.query("UPDATE event_stream SET delivered_through = now() WHERE id = $1", [id]);
    } else if (from === "beginning")
      await tx.query(
        `INSERT INTO event_stream_position (stream_id, device_id, epoch, seq, is_start)
         SELECT $1, device_id, epoch, 0, true FROM outbox_position`,
        [id],
      );
    else
      await tx.query(
        `INSERT INTO event_stream_position (stream_id, device_id, epoch, seq, is_start)
         SELECT $1, p.device_id, p.epoch, coalesce(f.seq - 1, p.acked), true FROM outbox_position p
           LEFT JOIN (SELECT device_id, epoch, min(seq) AS seq FROM module_event WHERE received_at >= $2 GROUP BY 1, 2) f
             USING (device_id, epoch)`,
        [id, from],
      );
  }

  /** Compares all outboxes with the stream's positions (primary keys of both). */
  async lag({ id, selector, deliveredThrough }: StreamRow): Promise<Lag> {
    const { sql, parameters } = selectorSql(selector ?? {}, 3);
    const { rows } = await this.database.pool.query<{ events: string; seconds: number | null }>(
      `SELECT coalesce(sum(p.acked - coalesce(q.seq, 0)), 0)::bigint AS events,
              extract(epoch FROM now() - $2::timestamptz)::float8 AS seconds
         FROM outbox_position p
         LEFT JOIN event_stream_position q ON q.stream_id = $1 AND q.device_id = p.device_id AND q.epoch = p.epoch
         LEFT JOIN device d ON d.id = p.device_id LEFT JOIN device_state s ON s.device_id = p.device_id
        WHERE p.acked > coalesce(q.seq, 0) AND ${sql}`,
      [id, deliveredThrough, ...parameters],
    );
    const [{ events, seconds } = { events: "0", seconds: null }] = rows;
    return { events: Number(events), seconds: events === "0" ? 0 : seconds };
  }
}
