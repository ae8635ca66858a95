import type { CreateUser, UpdateUser, User } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { AuditTrail } from "../audit/audit-trail";
import { UserSessions } from "../auth/user-sessions";
import { Idempotency } from "../idempotency/idempotency";
import type { RequestKey } from "../idempotency/idempotency-key";
import { Database } from "../platform/database/database";
import { conflict, notFound } from "../platform/problems/problem.error";
import { hashPassword } from "./password-hash";
import { type UserRow, UsersStore } from "./users.store";

/** People who may sign in. */
@Injectable()
export class UsersService {
  constructor(
    private readonly database: Database,
    private readonly idempotency: Idempotency,
    private readonly store: UsersStore,
    private readonly sessions: UserSessions,
    private readonly trail: AuditTrail,
  ) {}

  async list(): Promise<User[]> {
    return (await this.store.list()).map(toUser);
  }

  private async get(id: string): Promise<User> {
    const row = await this.store.find(id);
    if (!row) throw notFound("user", id);
    return toUser(row);
  }

  /** @throws 409 where another has the name */
  async create({ name, role, password }: CreateUser, key: RequestKey): Promise<User> {
    const passwordHash = await hashPassword(password);
    // Of a password nothing is kept beside it: not even a quick hash of the request that holds it.
    const made = await this.idempotency.once({ ...key, request: ["user", { name, role }] }, async (tx) => {
      const row = await this.store.insert(tx, name, role, passwordHash);
      if (!row)
        throw conflict("Another user has this name.", [
          { path: "name", rule: "unique", message: "another user has this name" },
        ]);
      await this.trail.changed(tx, { after: toUser(row), resource: `users/${row.id}` });
      return toUser(row);
    });
    return "isRepeat" in made ? this.get(made.id) : made;
  }

  /**
   * Another role holds from the next request on; another password ends all sessions.
   * @throws 404; 409 for a person of an OpenID provider, which says both at each sign-in
   */
  async update(id: string, { role, password }: UpdateUser): Promise<User> {
    const passwordHash = password === undefined ? undefined : await hashPassword(password);
    return this.database.transaction(async (tx) => {
      const before = await this.store.lock(tx, id);
      if (!before) throw notFound("user", id);
      if (before.issuer !== null) throw conflict(`This person's role and password are kept by ${before.issuer}.`);
      if (role) await this.store.write(tx, id, role);
      if (passwordHash !== undefined) {
        await this.store.writePassword(tx, id, passwordHash);
        await this.sessions.endAll(tx, id);
      }
      const after = (await this.store.lock(tx, id)) ?? before;
      await this.trail.changed(tx, { before: toUser(before), after: toUser(after) });
      return toUser(after);
    });
  }

  /** Ends their sessions, too. @throws 404 */
  async remove(id: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      const before = await this.store.remove(tx, id);
      if (!before) throw notFound("user", id);
      await this.trail.changed(tx, { before: toUser(before) });
    });
  }
}

function toUser({ id, name, role, issuer, createdAt, passwordChangedAt, signedInAt }: UserRow): User {
  return {
    ...{ id, name, role, issuer },
    createdAt: createdAt.toISOString(),
    passwordChangedAt: passwordChangedAt?.toISOString() ?? null,
    signedInAt: signedInAt?.toISOString() ?? null,
  };
}
