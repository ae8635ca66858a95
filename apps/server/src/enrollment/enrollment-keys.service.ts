import type { CreatedEnrollmentKey, CreateEnrollmentKey, EnrollmentKey } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { AuditTrail } from "../audit/audit-trail";
import { hashCredential, newCredential } from "../auth/credentials";
import { Idempotency } from "../idempotency/idempotency";
import type { RequestKey } from "../idempotency/idempotency-key";
import { Database } from "../platform/database/database";
import { notFound } from "../platform/problems/problem.error";

@Injectable()
export class EnrollmentKeysService {
  constructor(
    private readonly database: Database,
    private readonly idempotency: Idempotency,
    private readonly trail: AuditTrail,
  ) {}

  /** @throws 409 where the same request made one already */
  create(body: CreateEnrollmentKey, createdBy: string, requestKey: RequestKey): Promise<CreatedEnrollmentKey> {
    const key = newCredential("enrollmentKey");
    const { name, maxUses = null, expiresAt = null, imeiPattern = null } = body;
    const request = ["enrollment-key", body];
    return this.idempotency.onceShown({ ...requestKey, request }, "an enrolment key", async (tx) => {
      const { rows } = await tx.query<{ id: string }>(
        `INSERT INTO enrollment_key (name, hash, max_uses, expires_at, imei_pattern, created_by)
         VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`,
        [name, hashCredential(key), maxUses, expiresAt, imeiPattern, createdBy],
      );
      const [added] = rows;
      if (!added) throw new Error("INSERT INTO enrollment_key returned no row");
      return { id: added.id, key };
    });
  }

  async list(): Promise<EnrollmentKey[]> {
    const rows = await this.database.prisma.enrollmentKey.findMany({ orderBy: [{ createdAt: "asc" }, { id: "asc" }] });
    return rows.map(({ hash: _secret, fleetId: _fleetId, expiresAt, createdAt, lastUsedAt, ...row }) => ({
      ...row,
      expiresAt: expiresAt?.toISOString() ?? null,
      createdAt: createdAt.toISOString(),
      lastUsedAt: lastUsedAt?.toISOString() ?? null,
    }));
  }

  /** @throws 404 for an unknown key */
  async remove(id: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      const { rows } = await tx.query<{ name: string; uses: number }>(
        "DELETE FROM enrollment_key WHERE id = $1 RETURNING name, uses",
        [id],
      );
      if (!rows[0]) throw notFound("enrolment key", id);
      await this.trail.changed(tx, { before: rows[0] });
    });
  }
}
