import type { Role } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { Database, type Transaction } from "../platform/database/database";
import type { Caller } from "./caller";
import { hashCredential, newCredential, PREFIXES } from "./credentials";

/** A session in which nothing was asked for so long is over. */
export const IDLE_S = 3_600;
/** No session lives longer. */
export const LIFETIME_S = 12 * 3_600;
/** A secret is replaced after so long; the former one works on for what is under way. */
const ROTATE_S = 900;
const OVERLAP_S = 60;
/** How exact `seen_at` is. */
const SEEN_EVERY_S = 30;

const ALIVE = `s.seen_at > now() - make_interval(secs => ${IDLE_S}) AND s.created_at > now() - make_interval(secs => ${LIFETIME_S})`;

interface SessionRow {
  id: string;
  userId: string;
  name: string;
  role: Role;
  endsAt: Date;
  isDue: boolean;
  isSeenLongAgo: boolean;
}

/** A caller with a session, and the secret that takes the place of the one that was brought. */
export interface VerifiedSession {
  caller: Caller;
  replacement?: string;
}

/** Sessions of people who signed in; only hashes of their secrets are kept. */
@Injectable()
export class UserSessions {
  constructor(private readonly database: Database) {}

  /** Begins a session, in the caller's transaction. @returns its secret */
  async begin(tx: Transaction, userId: string): Promise<string> {
    const secret = newCredential("session");
    await tx.query("INSERT INTO user_session (user_id, hash) VALUES ($1, $2)", [userId, hashCredential(secret)]);
    return secret;
  }

  /** @returns undefined for a secret that is unknown, or of a session that is over */
  async verify(secret: string): Promise<VerifiedSession | undefined> {
    if (!secret.startsWith(PREFIXES.session)) return undefined;
    const hash = hashCredential(secret);
    const { rows } = await this.database.pool.query<SessionRow>({
      name: "verify-session",
      text: `${SELECT} WHERE (s.hash = $1 OR (s.former_hash = $1 AND s.rotated_at > now() - make_interval(secs => ${OVERLAP_S})))
                         AND ${ALIVE}`,
      values: [hash],
    });
    const [row] = rows;
    if (!row) return undefined;
    const replacement = row.isDue ? await this.rotate(row.id, hash) : undefined;
    if (row.isSeenLongAgo)
      await this.database.pool.query("UPDATE user_session SET seen_at = now() WHERE id = $1", [row.id]);
    return { caller: callerOf(row), ...(replacement !== undefined && { replacement }) };
  }

  /** The caller of a session as it is now; undefined where it is over. Being asked about does not keep it alive. */
  async find(id: string): Promise<Caller | undefined> {
    const { rows } = await this.database.pool.query<SessionRow>(`${SELECT} WHERE s.id = $1 AND ${ALIVE}`, [id]);
    return rows[0] && callerOf(rows[0]);
  }

  async end(id: string): Promise<void> {
    await this.database.pool.query("DELETE FROM user_session WHERE id = $1", [id]);
  }

  /** Ends all sessions of a person, in the caller's transaction. */
  async endAll(tx: Transaction, userId: string): Promise<void> {
    await tx.query("DELETE FROM user_session WHERE user_id = $1", [userId]);
  }

  /** Forgets sessions that are over. */
  async clean(): Promise<void> {
    await this.database.pool.query(`DELETE FROM user_session s WHERE NOT (${ALIVE})`);
  }

  /** Of several requests at once, one replaces the secret; the others go on with the former one. */
  private async rotate(id: string, hash: Buffer): Promise<string | undefined> {
    const secret = newCredential("session");
    const { rowCount } = await this.database.pool.query(
      "UPDATE user_session SET hash = $3, former_hash = $2, rotated_at = now() WHERE id = $1 AND hash = $2",
      [id, hash, hashCredential(secret)],
    );
    return rowCount === 1 ? secret : undefined;
  }
}

const SELECT = `
  SELECT s.id, u.id AS "userId", u.name, u.role, s.created_at + make_interval(secs => ${LIFETIME_S}) AS "endsAt",
         s.rotated_at <= now() - make_interval(secs => ${ROTATE_S}) AS "isDue",
         s.seen_at <= now() - make_interval(secs => ${SEEN_EVERY_S}) AS "isSeenLongAgo"
    FROM user_session s JOIN fleet_user u ON u.id = s.user_id`;

const callerOf = ({ id, userId, name, role, endsAt }: SessionRow): Caller => ({
  ...{ kind: "user", id: userId, name, role, selector: null },
  session: { id, endsAt },
});
