import type { CreatedEnrollmentKey, CreateEnrollmentKey, EnrollmentKey } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { hashCredential, newCredential } from "../auth/credentials";
import { Database } from "../platform/database/database";
import { notFound } from "../platform/problems/problem.error";

@Injectable()
export class EnrollmentKeysService {
  constructor(private readonly database: Database) {}

  async create(key: CreateEnrollmentKey, createdBy: string): Promise<CreatedEnrollmentKey> {
    const secret = newCredential("enrollmentKey");
    const { name, maxUses = null, expiresAt = null, imeiPattern = null } = key;
    const { id } = await this.database.prisma.enrollmentKey.create({
      data: { name, hash: hashCredential(secret), maxUses, expiresAt, imeiPattern, createdBy },
    });
    return { id, key: secret };
  }

  async list(): Promise<EnrollmentKey[]> {
    const rows = await this.database.prisma.enrollmentKey.findMany({ orderBy: [{ createdAt: "asc" }, { id: "asc" }] });
    return rows.map(({ hash: _secret, expiresAt, createdAt, lastUsedAt, ...row }) => ({
      ...row,
      expiresAt: expiresAt?.toISOString() ?? null,
      createdAt: createdAt.toISOString(),
      lastUsedAt: lastUsedAt?.toISOString() ?? null,
    }));
  }

  /** @throws 404 for an unknown key */
  async remove(id: string): Promise<void> {
    const { count } = await this.database.prisma.enrollmentKey.deleteMany({ where: { id } });
    if (count === 0) throw notFound("enrolment key", id);
  }
}
