import type { Notification, NotificationQuery } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { Database } from "../../platform/database/database";
import type { ChannelTarget } from "../channels.store";
import type { NotificationPayload } from "../evaluation/telling.store";

export interface NotificationRow {
  id: string;
  channelId: string;
  channel: string;
  ruleId: string | null;
  type: Notification["type"];
  state: Notification["state"];
  alerts: number;
  attempts: number;
  nextAt: Date;
  lastError: string | null;
  createdAt: Date;
  endedAt: Date | null;
}

/** One to deliver, taken by this process; nobody else has it meanwhile. */
export type TakenNotification = ChannelTarget & {
  id: string;
  payload: NotificationPayload;
  attempts: number;
};

const COLUMNS = `n.id, n.channel_id AS "channelId", c.name AS channel, n.rule_id AS "ruleId", n.type, n.status AS state,
  (n.payload -> 'data' ->> 'total')::int AS alerts, n.attempts, n.next_at AS "nextAt", n.last_error AS "lastError",
  n.created_at AS "createdAt", n.ended_at AS "endedAt"`;
const TABLES = "notification n JOIN alert_channel c ON c.id = n.channel_id";
/** Longer than any attempt: whoever has not said by then what became of it is dead. */
const LEASE_S = 60;
const MAX_ERROR_CHARS = 500;

@Injectable()
export class NotificationsStore {
  constructor(private readonly database: Database) {}

  /** One more than `limit`, the newest first. */
  async list(
    { state, channelId, limit }: NotificationQuery,
    before: readonly [createdMs: number, id: string] | undefined,
  ): Promise<NotificationRow[]> {
    const { rows } = await this.database.pool.query<NotificationRow>(
      `SELECT ${COLUMNS} FROM ${TABLES}
        WHERE ($1::text IS NULL OR n.status = $1) AND ($2::uuid IS NULL OR n.channel_id = $2)
          AND ($3::timestamptz IS NULL OR (n.created_at, n.id) < ($3, $4))
        ORDER BY n.created_at DESC, n.id DESC LIMIT $5`,
      [state ?? null, channelId ?? null, before ? new Date(before[0]) : null, before?.[1] ?? null, limit + 1],
    );
    return rows;
  }

  async find(id: string): Promise<NotificationRow | undefined> {
    const { rows } = await this.database.pool.query<NotificationRow>(
      `SELECT ${COLUMNS} FROM ${TABLES} WHERE n.id = $1`,
      [id],
    );
    return rows[0];
  }

  /** The newest that told of an alert. */
  async ofAlert(alertId: string, limit: number): Promise<NotificationRow[]> {
    const { rows } = await this.database.pool.query<NotificationRow>(
      `SELECT ${COLUMNS} FROM notification_alert t JOIN notification n ON n.id = t.notification_id
         JOIN alert_channel c ON c.id = n.channel_id
        WHERE t.alert_id = $1 ORDER BY n.created_at DESC, n.id DESC LIMIT $2`,
      [alertId, limit],
    );
    return rows;
  }

  /**
   * Takes some that are due (index notification_due_idx); each attempt counts from now, whatever becomes of this process.
   * What is due now may stand half a millisecond ahead: the column rounds to whole ones.
   */
  async take(limit: number): Promise<TakenNotification[]> {
    const { rows } = await this.database.pool.query<TakenNotification>(
      `WITH due AS (
         SELECT id FROM notification WHERE status = 'pending' AND next_at <= now() + interval '1 millisecond'
          ORDER BY next_at LIMIT $1 FOR UPDATE SKIP LOCKED
       )
       UPDATE notification n SET attempts = n.attempts + 1, next_at = now() + make_interval(secs => ${LEASE_S})
         FROM due, alert_channel c WHERE n.id = due.id AND c.id = n.channel_id
       RETURNING n.id, n.payload, n.attempts, n.channel_id AS "channelId", c.kind, c.url, c.recipients, c.sealed,
                 c.key_id AS "keyId"`,
      [limit],
    );
    return rows;
  }

  /** @param remark what of it went wrong all the same */
  async delivered({ id }: TakenNotification, remark: string | null): Promise<void> {
    await this.database.pool.query(
      "UPDATE notification SET status = 'delivered', ended_at = now(), last_error = $2 WHERE id = $1",
      [id, remark],
    );
  }

  /**
   * Notes a failed attempt, unless the notification was taken again since.
   * @param waitMs until the next one; undefined to give up
   */
  async failed({ id, attempts }: TakenNotification, error: string, waitMs: number | undefined): Promise<void> {
    await this.database.pool.query(
      `UPDATE notification
          SET last_error = $3, status = CASE WHEN $4::float IS NULL THEN 'failed' ELSE 'pending' END,
              next_at = now() + make_interval(secs => coalesce($4::float, 0)),
              ended_at = CASE WHEN $4::float IS NULL THEN now() END
        WHERE id = $1 AND attempts = $2 AND status = 'pending'`,
      [id, attempts, error.slice(0, MAX_ERROR_CHARS), waitMs === undefined ? null : waitMs / 1_000],
    );
  }

  /** Has one that was given up delivered again, from the first attempt on. @returns whether it was one */
  async retry(id: string): Promise<boolean> {
    const { rowCount } = await this.database.pool.query(
      `UPDATE notification SET status = 'pending', attempts = 0, next_at = now(), ended_at = NULL
        WHERE id = $1 AND status = 'failed'`,
      [id],
    );
    return rowCount === 1;
  }
}

export function toNotification({ nextAt, createdAt, endedAt, ...row }: NotificationRow): Notification {
  return {
    ...row,
    nextAttemptAt: row.state === "pending" ? nextAt.toISOString() : null,
    createdAt: createdAt.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
  };
}
