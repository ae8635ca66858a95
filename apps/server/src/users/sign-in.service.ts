import type { ChangePassword, Session, SignIn } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { type Actor, NOBODY } from "../audit/audit-record";
import { AuditTrail } from "../audit/audit-trail";
import { Denials } from "../audit/denials";
import type { Caller } from "../auth/caller";
import { LIFETIME_S, UserSessions } from "../auth/user-sessions";
import { Database } from "../platform/database/database";
import { asSystem, HOST_FLEET } from "../platform/database/fleet-scope";
import { conflict, invalid, ProblemError } from "../platform/problems/problem.error";
import { hashPassword, isPassword } from "./password-hash";
import { SignInAttempts } from "./sign-in-attempts";
import { signInNameOf, type UserRow, UsersStore } from "./users.store";

const ACTION = "POST /api/v1/session";

/** Lets people in by their password, and out. */
@Injectable()
export class SignInService {
  constructor(
    private readonly database: Database,
    private readonly users: UsersStore,
    private readonly sessions: UserSessions,
    private readonly attempts: SignInAttempts,
    private readonly trail: AuditTrail,
    private readonly denials: Denials,
  ) {}

  /**
   * @param address of the network
   * @returns the session, and its secret for the cookie
   * @throws 401 for a wrong name or password; which of them is nobody's business. 429 after too many failures
   */
  signIn(given: SignIn, address: string): Promise<{ session: Session; secret: string }> {
    return asSystem(() => this.letIn(given, address));
  }

  private async letIn(given: SignIn, address: string): Promise<{ session: Session; secret: string }> {
    const name = given.name.trim().toLowerCase();
    try {
      await this.attempts.begin(name, address);
      const user = await this.users.findBySignInName(name);
      if (!(await isPassword(given.password, user?.passwordHash ?? undefined)) || !user) throw wrong();
      return await this.begin(user, address);
    } catch (error) {
      if (error instanceof ProblemError)
        this.denials.note({ actor: NOBODY, action: ACTION, address, request: { name }, ...outcomeOf(error) });
      throw error;
    }
  }

  /** The name of the caller's fleet. */
  async ownFleet(): Promise<string> {
    const fleet = await this.database.prisma.fleet.findFirstOrThrow();
    return fleet.name;
  }

  async signOut({ session }: Caller): Promise<void> {
    if (session) await this.sessions.end(session.id);
  }

  /**
   * Ends all sessions of the caller, and begins another one.
   * @returns its secret
   * @throws 409 for a key or a person of an OpenID provider, 422 where the present password is another one, 429 after too many failures
   */
  async changePassword(
    caller: Caller,
    { currentPassword, password }: ChangePassword,
    address: string,
  ): Promise<string> {
    if (!caller.session) throw conflict("A key has no password.");
    const user = await this.users.find(caller.id);
    if (user && user.issuer !== null) throw conflict(`Your password is kept by ${user.issuer}.`);
    await this.attempts.begin(user ? signInNameOf(user) : caller.name, address);
    if (!(await isPassword(currentPassword, user?.passwordHash ?? undefined)) || !user)
      throw invalid([{ path: "currentPassword", rule: "password", message: "is not the present password" }]);
    const passwordHash = await hashPassword(password);
    const secret = await this.database.transaction(async (tx) => {
      const held = await this.users.lock(tx, user.id);
      if (held?.passwordHash !== user.passwordHash) throw conflict("The password was changed meanwhile.");
      await this.users.writePassword(tx, user.id, passwordHash);
      await this.sessions.endAll(tx, user.id);
      await this.trail.changed(tx, { resource: `users/${user.id}` });
      return this.sessions.begin(tx, user.id);
    });
    await asSystem(() => this.database.transaction((tx) => this.attempts.succeeded(tx, user, address)));
    return secret;
  }

  private async begin(user: UserRow, address: string): Promise<{ session: Session; secret: string }> {
    const { id, name, role, fleetId, fleet } = user;
    return this.database.transaction(async (tx) => {
      const held = await this.users.lock(tx, id);
      if (held?.passwordHash !== user.passwordHash) throw wrong();
      await this.attempts.succeeded(tx, user, address);
      await this.users.signedIn(tx, id);
      const secret = await this.sessions.begin(tx, id);
      const actor: Actor = { kind: "user", id, name, role };
      await this.trail.note({ fleetId, actor, action: ACTION, resource: `users/${id}`, address, status: 201 }, tx);
      const expiresAt = new Date(Date.now() + LIFETIME_S * 1_000).toISOString();
      return { session: { kind: "user", name, role, fleet, isHost: fleetId === HOST_FLEET, expiresAt }, secret };
    });
  }
}

const wrong = () => new ProblemError(401, "Unauthorized", "Name or password is wrong.");
const outcomeOf = ({ status, detail }: ProblemError) => ({ status, detail });
