import type { Role } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { type Actor, NOBODY } from "../../audit/audit-record";
import { AuditTrail } from "../../audit/audit-trail";
import { Denials } from "../../audit/denials";
import { RequestLimits } from "../../auth/request-limits";
import { UserSessions } from "../../auth/user-sessions";
import { Database, type Transaction } from "../../platform/database/database";
import { asSystem, HOST_FLEET } from "../../platform/database/fleet-scope";
import { SecretVault } from "../../platform/secrets/secret-vault";
import { UsersStore } from "../users.store";
import { claimedRole } from "./claimed-role";
import { CALLBACK_PATH, type Claims, IdentityProvider, OidcError } from "./identity-provider";
import { pendingIn } from "./pending-sign-in";
import { userNames } from "./user-name";

const ACTION = `GET ${CALLBACK_PATH}`;
/** OpenID Connect allows no more. */
const MAX_SUBJECT = 255;

/** The provider knows the person, and gives them no role here. */
export class NoRoleError extends Error {}

/** Lets people in whom the provider knows, and in the role that its claims say. */
@Injectable()
export class OidcSignInService {
  constructor(
    private readonly database: Database,
    private readonly provider: IdentityProvider,
    private readonly vault: SecretVault,
    private readonly users: UsersStore,
    private readonly sessions: UserSessions,
    private readonly limits: RequestLimits,
    private readonly trail: AuditTrail,
    private readonly denials: Denials,
  ) {}

  /**
   * Ends what `IdentityProvider.begin` began. Who was never here is made a user; a person is known by issuer and subject alone,
   * never by a name or an address. Without a role nobody gets in, and sessions that they have are over.
   * @param search of the address that the browser came back to
   * @returns the session's secret
   * @throws OidcError, NoRoleError; 429 where too many failed out of this network
   */
  finish(search: string, cookie: string | undefined, address: string): Promise<string> {
    return asSystem(() => this.letIn(search, cookie, address));
  }

  private async letIn(search: string, cookie: string | undefined, address: string): Promise<string> {
    this.limits.admitNetwork(address);
    let claims: Claims | undefined;
    try {
      const pending = pendingIn(cookie, this.vault);
      if (!pending) throw new OidcError("refused", "This browser began no sign-in here, or too long ago.");
      claims = await this.provider.finish(search, pending);
      return await this.admit(claims, address);
    } catch (error) {
      this.limits.countWrong(address);
      if (error instanceof OidcError || error instanceof NoRoleError) this.noteDenial(error, claims, address);
      throw error;
    }
  }

  private async admit(claims: Claims, address: string): Promise<string> {
    if (claims.sub.length > MAX_SUBJECT) throw new OidcError("refused", "The provider's subject is too long.");
    const { roleClaim, roles } = this.provider.settings;
    const role = claimedRole(claims, roleClaim, roles);
    if (!role) {
      await this.shutOut(claims);
      throw new NoRoleError(`The claim "${roleClaim}" gives no role.`);
    }
    return this.database.transaction(async (tx) => {
      const { id, name, before } = await this.user(tx, claims, role);
      await this.users.signedIn(tx, id);
      const secret = await this.sessions.begin(tx, id);
      const actor: Actor = { kind: "user", id, name, role };
      const after = { name, role, issuer: claims.iss, subject: claims.sub, ...(before && { roleBefore: before }) };
      const what = { action: ACTION, resource: `users/${id}`, address };
      await this.trail.note({ fleetId: HOST_FLEET, actor, ...what, status: 201, after }, tx);
      return secret;
    });
  }

  /** The person as they are now; `before` is the role that they had, if they were here. */
  private async user(
    tx: Transaction,
    claims: Claims,
    role: Role,
  ): Promise<{ id: string; name: string; before?: Role }> {
    const { iss, sub } = claims;
    for (const name of userNames(claims)) {
      const held = await this.users.lockBySubject(tx, iss, sub);
      if (held) {
        if (held.role !== role) await this.users.write(tx, held.id, role);
        return { id: held.id, name: held.name, before: held.role };
      }
      const made = await this.users.insertOfProvider(tx, name, role, { issuer: iss, subject: sub });
      if (made) return made;
    }
    throw new OidcError("refused", "Another user has the name that this one would get.");
  }

  private async shutOut({ iss, sub }: Claims): Promise<void> {
    await this.database.transaction(async (tx) => {
      const held = await this.users.lockBySubject(tx, iss, sub);
      if (held) await this.sessions.endAll(tx, held.id);
    });
  }

  private noteDenial(error: Error, claims: Claims | undefined, address: string): void {
    const request = claims && { issuer: claims.iss, subject: claims.sub, name: userNames(claims)[0] };
    const status = error instanceof OidcError && error.reason === "provider" ? 503 : 403;
    this.denials.note({ actor: NOBODY, action: ACTION, address, request, status, detail: error.message });
  }
}
