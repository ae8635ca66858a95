import { Injectable } from "@nestjs/common";
import { Database, type Transaction } from "../platform/database/database";
import { Signals } from "../platform/signals/signals";
import { hashCredential, newCredential, PREFIXES } from "./credentials";

/** On this channel the nodes hear of a device whose tokens changed. */
export const TOKENS_CHANGED = "device-tokens";

/** A token that proved itself. */
export interface VerifiedToken {
  deviceId: string;
  tokenId: string;
  /** The token was rotated away and works until then. */
  expiresAt: Date | null;
}

/** What agents prove themselves with; only hashes are kept. */
@Injectable()
export class DeviceTokens {
  constructor(
    private readonly database: Database,
    private readonly signals: Signals,
  ) {}

  /** @returns undefined for a token that is unknown, rotated away or revoked; which of them is nobody's business */
  async verify(token: string): Promise<VerifiedToken | undefined> {
    if (!token.startsWith(PREFIXES.deviceToken)) return undefined;
    const { rows } = await this.database.pool.query<VerifiedToken>({
      name: "verify-device-token",
      text: `SELECT device_id AS "deviceId", id AS "tokenId", expires_at AS "expiresAt" FROM device_token
              WHERE hash = $1 AND (expires_at IS NULL OR expires_at > now())`,
      values: [hashCredential(token)],
    });
    return rows[0];
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
