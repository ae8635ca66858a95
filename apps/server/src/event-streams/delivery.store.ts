import type { Selector } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { selectorSql } from "../devices/selection";
import type { EventRow } from "../history/history.store";
import { Database } from "../platform/database/database";
import type { SealedSecret } from "../platform/secrets/secret-vault";

/** A stream as its owner delivers it. */
export interface OwnedStream extends SealedSecret {
  id: string;
  name: string;
  url: string;
  selector: Selector | null;
  kinds: string[] | null;
  generation: number;
  failures: number;
  retryInMs: number;
}

/** An outbox with events that a stream has not delivered: those behind `seq`, up to `acked`. */
export interface Pending {
  deviceId: string;
  epoch: string;
  seq: number;
  acked: number;
  /** The stream begins here: what is missing before the next event is no gap. */
  isStart: boolean;
}

/** An outbox, and how many of its events are asked for. */
export type Wanted = Pending & { quota: number };

/** How far an outbox is delivered. */
export type Move = Omit<Pending, "acked">;

/** Claimed at once by one process; the others get the rest. */
const CLAIM_AT_ONCE = 5;
export const PENDING_AT_ONCE = 500;
/** Almost every event is that new; partitions of other days are not even looked at then. */
const RECENT = "AND e.at >= now() - interval '2 days' AND e.at < now() + interval '1 day'";

/** Leases, positions, and what lies between these and the outboxes. */
@Injectable()
export class DeliveryStore {
  constructor(private readonly database: Database) {}

  /** Takes streams that nobody delivers, of any fleet. */
  async claim(owner: string, node: string, leaseMs: number): Promise<{ id: string; fleetId: number }[]> {
    const { rows } = await this.database.pool.query<{ id: string; fleetId: number }>(
      `UPDATE event_stream SET owner = $1, node = $2, leased_until = now() + make_interval(secs => $3)
        WHERE id IN (SELECT id FROM event_stream WHERE is_enabled AND (leased_until IS NULL OR leased_until < now())
                      ORDER BY leased_until NULLS FIRST LIMIT ${CLAIM_AT_ONCE} FOR UPDATE SKIP LOCKED)
        RETURNING id, fleet_id AS "fleetId"`,
      [owner, node, leaseMs / 1_000],
    );
    return rows;
  }

  /** Keeps a stream for longer. @returns the stream as it is now; undefined where it is no longer the owner's to deliver */
  async renew(id: string, owner: string, leaseMs: number): Promise<OwnedStream | undefined> {
    const { rows } = await this.database.pool.query<OwnedStream>(
      `UPDATE event_stream SET leased_until = now() + make_interval(secs => $3)
        WHERE id = $1 AND owner = $2 AND is_enabled
        RETURNING id, name, url, sealed, key_id AS "keyId", selector, kinds, generation, failures,
                  greatest(0, coalesce(extract(epoch FROM retry_at - now()) * 1000, 0))::float8 AS "retryInMs"`,
      [id, owner, leaseMs / 1_000],
    );
    return rows[0];
  }

  async release(id: string, owner: string): Promise<void> {
    await this.database.pool.query(
      "UPDATE event_stream SET owner = NULL, node = NULL, leased_until = NULL WHERE id = $1 AND owner = $2",
      [id, owner],
    );
  }

  async now(): Promise<Date> {
    const { rows } = await this.database.pool.query<{ now: Date }>("SELECT clock_timestamp() AS now");
    return rows[0]?.now ?? new Date(0);
  }

  /**
   * Outboxes that are ahead of the stream, in the order of device and epoch; fewer than `PENDING_AT_ONCE` are the last ones.
   * An outbox's row is moved by the very transaction that stores its events, so all of them can be seen that it tells of.
   * Compared as a whole (a hash join, six times quicker than one look for each device) and only then sorted and cut.
   */
  async pending({ id, selector }: OwnedStream, after: Pending | undefined): Promise<Pending[]> {
    const { sql, parameters } = selectorSql(selector ?? {}, 4);
    const { rows } = await this.database.pool.query<Pending & { seq: string; acked: string }>(
      `WITH pending AS MATERIALIZED (
         SELECT p.device_id, p.epoch, coalesce(q.seq, 0) AS seq, p.acked, coalesce(q.is_start, false) AS is_start
           FROM outbox_position p
           LEFT JOIN event_stream_position q ON q.stream_id = $1 AND q.device_id = p.device_id AND q.epoch = p.epoch
           LEFT JOIN device d ON d.id = p.device_id LEFT JOIN device_state s ON s.device_id = p.device_id
          WHERE p.acked > coalesce(q.seq, 0) AND ($2::uuid IS NULL OR (p.device_id, p.epoch) > ($2, $3::bigint)) AND ${sql}
       )
       SELECT device_id AS "deviceId", epoch, seq, acked, is_start AS "isStart" FROM pending
        ORDER BY device_id, epoch LIMIT ${PENDING_AT_ONCE}`,
      [id, after?.deviceId, after?.epoch, ...parameters],
    );
    return rows.map((row) => ({ ...row, seq: Number(row.seq), acked: Number(row.acked) }));
  }

  /** The next events of each outbox in its order, at most `quota` of it (primary key of each partition). */
  async events(wanted: readonly Wanted[]): Promise<EventRow[][]> {
    const recent = await this.read(wanted, RECENT);
    // Without a hole up to where it ends, and as much as was asked for: then there is nothing to find in other days.
    const left = wanted
      .map((each, index) => ({ ...each, index, rows: recent[index] ?? [] }))
      .filter(({ seq, quota, rows }) => rows.length < quota || Number(rows.at(-1)?.seq) !== seq + rows.length);
    const complete = left.length > 0 ? await this.read(left, "") : [];
    left.forEach(({ index }, place) => (recent[index] = complete[place] ?? []));
    return recent;
  }

  private async read(wanted: readonly Wanted[], when: string): Promise<EventRow[][]> {
    const { rows } = await this.database.pool.query<EventRow & { place: string }>(
      `SELECT v.place, e.epoch, e.seq, e.at, e.received_at AS "receivedAt", e.kind, e.fields
         FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::int[])
              WITH ORDINALITY AS v (device_id, epoch, seq, acked, quota, place)
        CROSS JOIN LATERAL (
              SELECT * FROM module_event e
               WHERE e.device_id = v.device_id AND e.epoch = v.epoch AND e.seq > v.seq AND e.seq <= v.acked ${when}
               ORDER BY e.seq LIMIT v.quota) e
        ORDER BY v.place, e.seq`,
      [
        wanted.map(({ deviceId }) => deviceId),
        wanted.map(({ epoch }) => epoch),
        wanted.map(({ seq }) => seq),
        wanted.map(({ acked }) => acked),
        wanted.map(({ quota }) => quota),
      ],
    );
    const read: EventRow[][] = wanted.map(() => []);
    for (const { place, ...row } of rows) read[Number(place) - 1]?.push(row);
    return read;
  }

  /** Ranges of numbers behind a position that the agent itself had to drop, and said so. */
  async dropped({ deviceId, epoch, seq }: Move): Promise<{ from: number; to: number }[]> {
    const { rows } = await this.database.pool.query<{ from: number; to: number }>(
      `SELECT (fields ->> 'from')::float8 AS from, (fields ->> 'to')::float8 AS to FROM module_event
        WHERE device_id = $1 AND epoch = $2 AND seq > $3 AND kind = 'outbox-gap'`,
      [deviceId, epoch, seq],
    );
    return rows;
  }

  /**
   * Moves a stream's positions on.
   * @param sent events that were delivered; undefined where there was nothing to send
   * @returns false where another process delivers the stream by now, or it was sent elsewhere: nothing is moved then
   */
  async commit(
    { id, generation }: OwnedStream,
    owner: string,
    moves: readonly Move[],
    sent?: number,
  ): Promise<boolean> {
    const { rowCount } = await this.database.pool.query(
      `WITH moved AS (
         UPDATE event_stream SET delivered = delivered + coalesce($4, 0), failures = 0, retry_at = NULL,
                last_delivered_at = CASE WHEN $4::bigint IS NULL THEN last_delivered_at ELSE now() END
          WHERE id = $1 AND owner = $2 AND generation = $3 RETURNING id
       )
       INSERT INTO event_stream_position AS q (stream_id, device_id, epoch, seq, is_start)
       SELECT m.id, v.* FROM moved m, unnest($5::uuid[], $6::bigint[], $7::bigint[], $8::boolean[]) v
       ON CONFLICT (stream_id, device_id, epoch) DO UPDATE SET seq = excluded.seq, is_start = excluded.is_start`,
      [
        ...[id, owner, generation, sent],
        moves.map(({ deviceId }) => deviceId),
        moves.map(({ epoch }) => epoch),
        moves.map(({ seq }) => seq),
        moves.map(({ isStart }) => isStart),
      ],
    );
    return rowCount === moves.length;
  }

  /** Everything that was stored before a moment is delivered. */
  async deliveredThrough({ id, generation }: OwnedStream, owner: string, at: Date): Promise<void> {
    await this.database.pool.query(
      "UPDATE event_stream SET delivered_through = $4 WHERE id = $1 AND owner = $2 AND generation = $3",
      [id, owner, generation, at],
    );
  }

  /** @param retryAfterMs undefined: it pauses until an admin resumes it */
  async fail({ id }: OwnedStream, owner: string, error: string, retryAfterMs: number | undefined): Promise<void> {
    await this.database.pool.query(
      `UPDATE event_stream SET failures = failures + 1, last_error = $3, last_error_at = now(),
              retry_at = now() + make_interval(secs => $4), is_enabled = $4::float8 IS NOT NULL,
              reason = CASE WHEN $4::float8 IS NULL THEN $3 END
        WHERE id = $1 AND owner = $2 AND is_enabled`,
      [id, owner, error, retryAfterMs === undefined ? null : retryAfterMs / 1_000],
    );
  }
}
