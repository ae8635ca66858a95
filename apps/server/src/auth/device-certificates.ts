import type { BoundCertificate } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { Database, type Transaction } from "../platform/database/database";

/** The certificates that devices are bound to: beside its token, a bound device has to show one of its own. */
@Injectable()
export class DeviceCertificates {
  constructor(private readonly database: Database) {}

  /** Those that are accepted, the newest first. None where the device is not bound. */
  async list(deviceId: string, db: Pick<Transaction, "query"> = this.database.pool): Promise<BoundCertificate[]> {
    const { rows } = await db.query<{ sha256: Buffer; boundAt: Date; expiresAt: Date | null }>(
      `SELECT sha256, bound_at AS "boundAt", expires_at AS "expiresAt" FROM device_certificate
        WHERE device_id = $1 AND (expires_at IS NULL OR expires_at > now()) ORDER BY bound_at DESC, sha256`,
      [deviceId],
    );
    return rows.map(({ sha256, boundAt, expiresAt }) => ({
      sha256: sha256.toString("hex"),
      boundAt: boundAt.toISOString(),
      expiresAt: expiresAt?.toISOString() ?? null,
    }));
  }

  /**
   * Binds a device to a certificate, in the caller's transaction; the former ones work on for `overlapS` seconds at most. Its
   * commit is to be announced as a change of the device's tokens.
   */
  async bind(tx: Transaction, deviceId: string, sha256: Buffer, overlapS: number): Promise<void> {
    await tx.query(
      "DELETE FROM device_certificate WHERE device_id = $1 AND sha256 <> $2 AND ($3 = 0 OR expires_at <= now())",
      [deviceId, sha256, overlapS],
    );
    await tx.query(
      `UPDATE device_certificate SET expires_at = least(expires_at, now() + make_interval(secs => $3))
        WHERE device_id = $1 AND sha256 <> $2`,
      [deviceId, sha256, overlapS],
    );
    await tx.query(
      `INSERT INTO device_certificate (device_id, sha256) VALUES ($1, $2)
       ON CONFLICT (device_id, sha256) DO UPDATE SET expires_at = NULL`,
      [deviceId, sha256],
    );
  }

  /** The token alone is enough from now on, in the caller's transaction. */
  async unbind(tx: Transaction, deviceId: string): Promise<void> {
    await tx.query("DELETE FROM device_certificate WHERE device_id = $1", [deviceId]);
  }
}
