import { Injectable } from "@nestjs/common";
import { createHash } from "node:crypto";
import { Database, type Transaction } from "../platform/database/database";
import { asSystem, HOST_FLEET } from "../platform/database/fleet-scope";
import { networkOf } from "../platform/http/network";
import { ProblemError } from "../platform/problems/problem.error";
import { signInNameOf, type UserRow } from "./users.store";

/** Failures that cost nothing, and how long the next attempt has to wait at most. */
interface Patience {
  free: number;
  maxDelayS: number;
}

/** For one name from one network; for one network, whatever the name; for one name, from networks that are new to it. */
const PAIR: Patience = { free: 5, maxDelayS: 900 };
const NETWORK: Patience = { free: 30, maxDelayS: 900 };
const NAME: Patience = { free: 50, maxDelayS: 60 };
/** Failures are forgotten when there was none for so long. */
const FORGOTTEN_AFTER_S = 3_600;
/** So long a network counts as a person's own. */
const OWN_NETWORK_DAYS = 90;

/**
 * Makes guessing slow: an attempt counts as failed before its password is looked at, so that many at once gain nothing, and each
 * failure beyond the free ones doubles the wait. Nobody can keep another out for good: from a network where a person has signed
 * in before, only failures from that network count.
 */
@Injectable()
export class SignInAttempts {
  constructor(private readonly database: Database) {}

  /** Counts an attempt. @param name as it was typed to sign in @throws 429 where it comes too early; it does not count then */
  async begin(name: string, address: string): Promise<void> {
    const network = networkOf(address);
    await asSystem(() =>
      this.database.transaction(async (tx) => {
        await this.count(tx, keyOf("network", network), NETWORK);
        await this.count(tx, keyOf("pair", name, network), PAIR);
        if (!(await this.isOwnNetwork(tx, name, network))) await this.count(tx, keyOf("name", name), NAME);
      }),
    );
  }

  /** The attempt was good: it takes its count back, and the network is the person's own from now on. */
  async succeeded(tx: Transaction, user: UserRow, address: string): Promise<void> {
    const name = signInNameOf(user);
    const network = networkOf(address);
    // In the order in which an attempt counts, or two at once could wait for each other.
    await this.takeBack(tx, keyOf("network", network));
    await tx.query("DELETE FROM sign_in_failure WHERE key = $1", [keyOf("pair", name, network)]);
    await this.takeBack(tx, keyOf("name", name));
    await tx.query(
      `INSERT INTO user_network (user_id, network) VALUES ($1, $2)
       ON CONFLICT (user_id, network) DO UPDATE SET seen_at = now()`,
      [user.id, network],
    );
  }

  /** Forgets what counts no more. */
  async clean(): Promise<void> {
    await this.database.pool.query(
      `DELETE FROM sign_in_failure WHERE last_at < now() - make_interval(secs => ${FORGOTTEN_AFTER_S}) AND blocked_until < now()`,
    );
    await this.database.pool.query(
      `DELETE FROM user_network WHERE seen_at < now() - make_interval(days => ${OWN_NETWORK_DAYS})`,
    );
  }

  private async takeBack(tx: Transaction, key: Buffer): Promise<void> {
    await tx.query(
      `UPDATE sign_in_failure SET failures = greatest(failures - 1, 0), blocked_until = least(blocked_until, now())
        WHERE key = $1`,
      [key],
    );
  }

  private async count(tx: Transaction, key: Buffer, { free, maxDelayS }: Patience): Promise<void> {
    const { rowCount } = await tx.query(
      `INSERT INTO sign_in_failure AS f (key, failures, last_at, blocked_until) VALUES ($1, 1, now(), now())
       ON CONFLICT (key) DO UPDATE SET
         failures = CASE WHEN f.last_at < now() - make_interval(secs => ${FORGOTTEN_AFTER_S}) THEN 1 ELSE f.failures + 1 END,
         last_at = now(),
         blocked_until = now() + CASE
           WHEN f.last_at < now() - make_interval(secs => ${FORGOTTEN_AFTER_S}) OR f.failures < $2 THEN interval '0'
           ELSE make_interval(secs => least($3::float8, 2 ^ least(f.failures - $2, 20))) END
        WHERE f.blocked_until <= now()`,
      [key, free, maxDelayS],
    );
    if (rowCount === 0) throw await this.tooEarly(tx, key);
  }

  private async tooEarly(tx: Transaction, key: Buffer): Promise<ProblemError> {
    const { rows } = await tx.query<{ waitS: number }>(
      `SELECT ceil(extract(epoch FROM blocked_until - now()))::int AS "waitS" FROM sign_in_failure WHERE key = $1`,
      [key],
    );
    const waitS = Math.max(1, rows[0]?.waitS ?? 1);
    const detail = "Signing in failed too often. Try again later.";
    return new ProblemError(429, "Too many requests", detail, undefined, { "Retry-After": String(waitS) });
  }

  private async isOwnNetwork(tx: Transaction, name: string, network: string): Promise<boolean> {
    const { rowCount } = await tx.query(
      `SELECT 1 FROM user_network n JOIN fleet_user u ON u.id = n.user_id JOIN fleet f ON f.id = u.fleet_id
        WHERE $1 = CASE WHEN f.id = ${HOST_FLEET} THEN u.name ELSE f.name || '/' || u.name END AND n.network = $2 AND n.seen_at > now() - make_interval(days => ${OWN_NETWORK_DAYS})`,
      [name, network],
    );
    return rowCount !== 0;
  }
}

const keyOf = (...parts: string[]) => createHash("sha256").update(JSON.stringify(parts)).digest();
