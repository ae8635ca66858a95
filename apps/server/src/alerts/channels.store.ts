import { Injectable } from "@nestjs/common";
import { Database, type Transaction } from "../platform/database/database";

/** What it takes to send something to a channel. */
export type ChannelTarget =
  | { channelId: string; kind: "webhook"; url: string; sealed: Buffer; keyId: string }
  | { channelId: string; kind: "email"; recipients: string[] };

interface StoredTarget {
  kind: "webhook" | "email";
  url: string | null;
  recipients: string[] | null;
  sealed: Buffer | null;
  keyId: string | null;
}

export interface ChannelRow extends StoredTarget {
  id: string;
  name: string;
  version: number;
  createdAt: Date;
  updatedAt: Date;
  updatedBy: string;
}

/** Where their secrets lie, for the rotation of keys. */
export const CHANNEL_SECRETS = { name: "alert_channel", owner: "id" };

const COLUMNS = `id, name, kind, url, recipients, sealed, key_id AS "keyId", version, created_at AS "createdAt",
  updated_at AS "updatedAt", updated_by AS "updatedBy"`;

@Injectable()
export class ChannelsStore {
  constructor(private readonly database: Database) {}

  /** One more than `limit`, by name. */
  async list(limit: number, after: string | undefined): Promise<ChannelRow[]> {
    const { rows } = await this.database.pool.query<ChannelRow>(
      `SELECT ${COLUMNS} FROM alert_channel WHERE $1::text IS NULL OR name > $1 ORDER BY name LIMIT $2`,
      [after ?? null, limit + 1],
    );
    return rows;
  }

  async find(tx: Pick<Transaction, "query">, id: string): Promise<ChannelRow | undefined> {
    const { rows } = await tx.query<ChannelRow>(`SELECT ${COLUMNS} FROM alert_channel WHERE id = $1`, [id]);
    return rows[0];
  }

  async count(tx: Transaction): Promise<number> {
    const { rows } = await tx.query<{ count: number }>("SELECT count(*)::int AS count FROM alert_channel");
    return rows[0]?.count ?? 0;
  }

  /** Which of these channels there are. */
  async known(tx: Transaction, ids: readonly string[]): Promise<Set<string>> {
    const { rows } = await tx.query<{ id: string }>("SELECT id FROM alert_channel WHERE id = ANY ($1::uuid[])", [ids]);
    return new Set(rows.map(({ id }) => id));
  }

  /** Adds a channel, or replaces the one with this id and counts its version up. */
  async write(
    tx: Transaction,
    id: string,
    { name, kind, url, recipients, sealed, keyId }: StoredTarget & { name: string },
    author: string,
  ): Promise<ChannelRow> {
    const { rows } = await tx.query<ChannelRow>(
      `INSERT INTO alert_channel AS c (id, name, kind, url, recipients, sealed, key_id, updated_by)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
       ON CONFLICT (id) DO UPDATE
          SET name = excluded.name, kind = excluded.kind, url = excluded.url, recipients = excluded.recipients,
              sealed = excluded.sealed, key_id = excluded.key_id, updated_by = excluded.updated_by, updated_at = now(),
              version = c.version + 1
       RETURNING ${COLUMNS}`,
      [id, name, kind, url, recipients, sealed, keyId, author],
    );
    const [written] = rows;
    if (!written) throw new Error("INSERT INTO alert_channel returned no row");
    return written;
  }

  async remove(tx: Transaction, id: string): Promise<void> {
    await tx.query("DELETE FROM alert_channel WHERE id = $1", [id]);
  }
}

/** What to send to; the table's checks hold that nothing of it is missing. */
export function targetOf({ id: channelId, kind, url, recipients, sealed, keyId }: ChannelRow): ChannelTarget {
  return { channelId, kind, url, recipients, sealed, keyId } as ChannelTarget;
}
