import type { ApiKey, CreateApiKey, CreatedApiKey, Role, Selector } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { Idempotency } from "../idempotency/idempotency";
import type { RequestKey } from "../idempotency/idempotency-key";
import { AuditTrail } from "../audit/audit-trail";
import { Database } from "../platform/database/database";
import { conflict, notFound } from "../platform/problems/problem.error";
import type { Caller } from "./caller";
import { hashCredential, newCredential } from "./credentials";

/** How exact `lastUsedAt` is: a write for every request would cost more than the check itself. */
const LAST_USED_EVERY_MS = 60_000;

@Injectable()
export class ApiKeysService {
  constructor(
    private readonly database: Database,
    private readonly idempotency: Idempotency,
    private readonly trail: AuditTrail,
  ) {}

  /** @returns undefined for a key that is unknown, expired or deleted; which of them is nobody's business */
  async verify(key: string): Promise<Caller | undefined> {
    const row = await this.database.prisma.apiKey.findFirst({ where: { hash: hashCredential(key) } });
    if (!row || isOver(row)) return undefined;
    const now = Date.now();
    if (!row.lastUsedAt || now - row.lastUsedAt.getTime() > LAST_USED_EVERY_MS)
      await this.database.prisma.apiKey.updateMany({ where: { id: row.id }, data: { lastUsedAt: new Date(now) } });
    return callerOf(row);
  }

  /** The caller that a key stands for now. */
  async find(id: string): Promise<Caller | undefined> {
    const row = await this.database.prisma.apiKey.findFirst({ where: { id } });
    return row && !isOver(row) ? callerOf(row) : undefined;
  }

  /** @throws 409 where the same request made one already */
  create(body: CreateApiKey, requestKey: RequestKey): Promise<CreatedApiKey> {
    const key = newCredential("apiKey");
    return this.idempotency.onceShown({ ...requestKey, request: ["api-key", body] }, "an API key", async (tx) => {
      const { rows } = await tx.query<{ id: string }>(
        "INSERT INTO api_key (name, role, hash, expires_at, selector) VALUES ($1, $2, $3, $4, $5) RETURNING id",
        [body.name, body.role, hashCredential(key), body.expiresAt ?? null, body.selector ?? null],
      );
      const [added] = rows;
      if (!added) throw new Error("INSERT INTO api_key returned no row");
      return { id: added.id, key };
    });
  }

  async list(): Promise<ApiKey[]> {
    const rows = await this.database.prisma.apiKey.findMany({ orderBy: [{ createdAt: "asc" }, { id: "asc" }] });
    return rows.map(({ id, name, role, selector, createdAt, expiresAt, lastUsedAt }) => ({
      id,
      name,
      role: role as Role,
      selector: selector as Selector | null,
      createdAt: createdAt.toISOString(),
      expiresAt: expiresAt?.toISOString() ?? null,
      lastUsedAt: lastUsedAt?.toISOString() ?? null,
    }));
  }

  /** @throws 404 for an unknown key, 409 for the last admin key that does not expire: nobody could make another */
  async remove(id: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      const { rows } = await tx.query<{
        id: string;
        name: string;
        role: Role;
        selector: Selector | null;
        expires: boolean;
      }>(
        `SELECT id, name, role, selector, expires_at IS NOT NULL AS expires FROM api_key
          WHERE id = $1 OR (role = 'admin' AND expires_at IS NULL) ORDER BY id FOR UPDATE`,
        [id],
      );
      const key = rows.find((row) => row.id === id);
      if (!key) throw notFound("API key", id);
      const lastingAdmins = rows.filter(({ role, expires }) => role === "admin" && !expires);
      if (lastingAdmins.length === 1 && lastingAdmins[0] === key)
        throw conflict("This is the last admin key that does not expire: make another one first.");
      await tx.query("DELETE FROM api_key WHERE id = $1", [id]);
      await this.trail.changed(tx, { before: { name: key.name, role: key.role, selector: key.selector } });
    });
  }
}

const isOver = ({ expiresAt }: { expiresAt: Date | null }) => expiresAt !== null && expiresAt.getTime() <= Date.now();

const callerOf = ({
  id,
  name,
  role,
  fleetId,
  selector,
}: {
  id: string;
  name: string;
  role: string;
  fleetId: number;
  selector: unknown;
}): Caller => ({
  ...{ kind: "api-key", id, name, fleetId },
  role: role as Role,
  selector: selector as Selector | null,
});
