import type { Role } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { Database, type Transaction } from "../platform/database/database";
import type { Caller } from "./caller";
import { hashCredential, newCredential, PREFIXES } from "./credentials";

/** A session in which nothing was asked for so long is over. */
const IDLE_S = 3_600;
/** No session lives longer. */
export const LIFETIME_S = 12 * 3_600;
/** A secret is replaced after so long. */
const ROTATE_S = 900;
/** So long the former one works on, once the new one was brought, for what is under way; and so long the new one may take. */
const OVERLAP_S = 60;
/** How exact `seen_at` is. */
const SEEN_EVERY_S = 30;

const ago = (seconds: number) => `now() - make_interval(secs => ${seconds})`;
const ALIVE = `s.seen_at > ${ago(IDLE_S)} AND s.created_at > ${ago(LIFETIME_S)}`;
/** The secret that was brought is the present one, or the one before, which works until the present one was there for a while. */
const IS_ITS = `(s.hash = $1 OR (s.former_hash = $1 AND (s.used_at IS NULL OR s.used_at > ${ago(OVERLAP_S)})))`;
/** It is old; or it is the one before, because the answer with the present one got lost. */
const IS_DUE = `((s.hash = $1 AND s.rotated_at <= ${ago(ROTATE_S)})
                 OR (s.former_hash = $1 AND s.used_at IS NULL AND s.rotated_at <= ${ago(OVERLAP_S)}))`;
const CALLER = `s.id, u.id AS "userId", u.name, u.role, u.fleet_id AS "fleetId", s.created_at + make_interval(secs => ${LIFETIME_S}) AS "endsAt"`;

interface CallerRow {
  id: string;
  userId: string;
  name: string;
  role: Role;
  fleetId: number;
  endsAt: Date;
}

interface BroughtRow extends CallerRow {
  isDue: boolean;
  isFirstUse: boolean;
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
    const { rows } = await this.database.pool.query<BroughtRow>({
      name: "verify-session",
      text: `SELECT ${CALLER}, ${IS_DUE} AS "isDue", s.hash = $1 AND s.used_at IS NULL AS "isFirstUse",
                    s.seen_at <= ${ago(SEEN_EVERY_S)} AS "isSeenLongAgo"
               FROM user_session s JOIN fleet_user u ON u.id = s.user_id WHERE ${IS_ITS} AND ${ALIVE}`,
      values: [hash],
    });
    const [row] = rows;
    if (!row) return undefined;
    if (row.isFirstUse || row.isSeenLongAgo) await this.seen(row.id, hash);
    const replacement = row.isDue ? await this.rotate(row.id, hash) : undefined;
    return { caller: callerOf(row), ...(replacement !== undefined && { replacement }) };
  }

  /** The caller of a session as it is now; undefined where it is over. Being asked about does not keep it alive. */
  async find(id: string): Promise<Caller | undefined> {
    const { rows } = await this.database.pool.query<CallerRow>(
      `SELECT ${CALLER} FROM user_session s JOIN fleet_user u ON u.id = s.user_id WHERE s.id = $1 AND ${ALIVE}`,
      [id],
    );
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

  private async seen(id: string, hash: Buffer): Promise<void> {
    await this.database.pool.query(
      `UPDATE user_session SET seen_at = now(), used_at = CASE WHEN hash = $2 THEN coalesce(used_at, now()) ELSE used_at END
        WHERE id = $1`,
      [id, hash],
    );
  }

  /** Of several requests at once, one replaces the secret; the others go on with the one that they brought. */
  private async rotate(id: string, hash: Buffer): Promise<string | undefined> {
    const secret = newCredential("session");
    const { rowCount } = await this.database.pool.query(
      `UPDATE user_session s SET hash = $3, former_hash = $1, rotated_at = now(), used_at = NULL
        WHERE s.id = $2 AND ${IS_DUE}`,
      [hash, id, hashCredential(secret)],
    );
    return rowCount === 1 ? secret : undefined;
  }
}

const callerOf = ({ id, userId, name, role, fleetId, endsAt }: CallerRow): Caller => ({
  ...{ kind: "user", id: userId, name, role, fleetId, selector: null },
  session: { id, endsAt },
});
