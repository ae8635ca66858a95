import { Injectable } from "@nestjs/common";
import { Database, type Transaction } from "../platform/database/database";
import { Signals } from "../platform/signals/signals";
import type { ClientCertificate } from "../platform/tls/client-certificates";
import { hashCredential, newCredential, PREFIXES } from "./credentials";

/** On this channel the nodes hear of a device whose tokens changed. */
export const TOKENS_CHANGED = "device-tokens";

/** A token that proved itself. */
export interface VerifiedToken {
  deviceId: string;
  tokenId: string;
  /** The token was rotated away, or the certificate that the device is bound to is over, at that time. */
  expiresAt: Date | null;
  /** What was shown beside it. */
  certificate?: ClientCertificate | undefined;
}

/** What agents prove themselves with; only hashes are kept. */
@Injectable()
export class DeviceTokens {
  constructor(
    private readonly database: Database,
    private readonly signals: Signals,
  ) {}

  /**
   * @param certificate what was shown beside it
   * @returns undefined for a token that is unknown, rotated away or revoked, or shown without the certificate that its device is
   * bound to; which of them is nobody's business
   */
  async verify(token: string, certificate?: ClientCertificate): Promise<VerifiedToken | undefined> {
    if (!token.startsWith(PREFIXES.deviceToken)) return undefined;
    const { rows } = await this.database.pool.query<VerifiedToken>({
      name: "verify-device-token",
      text: `SELECT t.device_id AS "deviceId", t.id AS "tokenId", ${endSql("t", "c", "$3::timestamptz")} AS "expiresAt"
               FROM device_token t LEFT JOIN device_certificate c ON c.device_id = t.device_id AND c.sha256 = $2
              WHERE t.hash = $1 AND (t.expires_at IS NULL OR t.expires_at > now()) AND ${mayShowSql("t", "c")}`,
      values: [hashCredential(token), certificate?.sha256 ?? null, certificate?.validUntil ?? null],
    });
    return rows[0] && { ...rows[0], certificate };
  }

  /** @returns when each of these ends as things are now: null for never, undefined for one that is over or may not connect */
  async endsOf(verified: readonly VerifiedToken[]): Promise<(Date | null | undefined)[]> {
    const { rows } = await this.database.pool.query<{ place: number; expiresAt: Date | null }>(
      `SELECT w.place::int AS place, ${endSql("t", "c", "w.valid_until")} AS "expiresAt"
         FROM unnest($1::uuid[], $2::bytea[], $3::timestamptz[]) WITH ORDINALITY AS w (id, sha256, valid_until, place)
         JOIN device_token t ON t.id = w.id
         LEFT JOIN device_certificate c ON c.device_id = t.device_id AND c.sha256 = w.sha256
        WHERE ${mayShowSql("t", "c")}`,
      [
        verified.map(({ tokenId }) => tokenId),
        verified.map(({ certificate }) => certificate?.sha256 ?? null),
        verified.map(({ certificate }) => certificate?.validUntil ?? null),
      ],
    );
    const ends = new Map(rows.map(({ place, expiresAt }) => [place, expiresAt]));
    return verified.map((_, index) => ends.get(index + 1));
  }

  /** Adds a token to a device, in the caller's transaction. */
  async issue(tx: Transaction, deviceId: string): Promise<string> {
    const token = newCredential("deviceToken");
    await tx.query("INSERT INTO device_token (device_id, hash) VALUES ($1, $2)", [deviceId, hashCredential(token)]);
    return token;
  }

  /** Adds a token to each of many devices, in the caller's transaction. @returns the tokens in the devices' order */
  async issueAll(tx: Transaction, deviceIds: readonly string[]): Promise<string[]> {
    const tokens = deviceIds.map(() => newCredential("deviceToken"));
    await tx.query(
      "INSERT INTO device_token (device_id, hash) SELECT * FROM unnest($1::uuid[], $2::bytea[]) AS t (device_id, hash)",
      [deviceIds, tokens.map(hashCredential)],
    );
    return tokens;
  }

  /** Gives a device a token in place of all that it had, in the caller's transaction. */
  async reissue(tx: Transaction, deviceId: string): Promise<string> {
    await tx.query("DELETE FROM device_token WHERE device_id = $1", [deviceId]);
    return this.issue(tx, deviceId);
  }

  /** @returns the device's token with this SHA-256, where it has one that works */
  async findByHash(deviceId: string, sha256: Buffer): Promise<VerifiedToken | undefined> {
    const { rows } = await this.database.pool.query<VerifiedToken>(
      `SELECT device_id AS "deviceId", id AS "tokenId", expires_at AS "expiresAt" FROM device_token
        WHERE device_id = $1 AND hash = $2 AND (expires_at IS NULL OR expires_at > now())`,
      [deviceId, sha256],
    );
    return rows[0];
  }

  /**
   * Gives a device another token, in the caller's transaction; the former ones work on for `overlapS` seconds at most. Its
   * commit is to be announced.
   * @returns until when a former one works: null where none does
   */
  async rotate(
    tx: Transaction,
    deviceId: string,
    overlapS: number,
  ): Promise<{ token: string; previousValidUntil: Date | null }> {
    await tx.query("DELETE FROM device_token WHERE device_id = $1 AND ($2 = 0 OR expires_at <= now())", [
      deviceId,
      overlapS,
    ]);
    const { rows } = await tx.query<{ until: Date }>(
      `UPDATE device_token SET expires_at = least(expires_at, now() + make_interval(secs => $2))
        WHERE device_id = $1 RETURNING expires_at AS until`,
      [deviceId, overlapS],
    );
    const until = rows.map((row) => row.until.getTime());
    const token = await this.issue(tx, deviceId);
    return { token, previousValidUntil: until.length > 0 ? new Date(Math.max(...until)) : null };
  }

  /** Lets every node look again at the tokens of the device's open connections. */
  async announceChange(deviceId: string): Promise<void> {
    await this.signals.publish(TOKENS_CHANGED, { deviceId });
  }
}

/** Where a device's token (`t`) may be shown: with the certificate (`c`) that its device is bound to, or where it is bound to none. */
const mayShowSql = (t: string, c: string) =>
  `(CASE WHEN ${c}.sha256 IS NULL
         THEN NOT EXISTS (SELECT 1 FROM device_certificate b WHERE b.device_id = ${t}.device_id)
         ELSE ${c}.expires_at IS NULL OR ${c}.expires_at > now() END)`;

/** Until when it may: the end of the certificate itself counts where the device is bound to it. */
const endSql = (t: string, c: string, validUntil: string) =>
  `least(${t}.expires_at, ${c}.expires_at, CASE WHEN ${c}.sha256 IS NOT NULL THEN ${validUntil} END)`;
