import { Injectable } from "@nestjs/common";
import { createHash } from "node:crypto";
import { Database, type Transaction } from "../platform/database/database";
import { ProblemError } from "../platform/problems/problem.error";

/** A request that is to be done once, however often it is sent. */
export interface OnceRequest {
  /** Who sends it: keys of different callers have nothing to do with each other. */
  callerId: string;
  key: string | undefined;
  /** What is asked for: the same key with anything else is a mistake. */
  request: unknown;
}

const KEPT_HOURS = 24;

/**
 * Answers a repeated request with what it made the first time. The key is committed with what the request makes: there is no
 * moment at which one is there without the other, and of two at once the second waits for the first.
 */
@Injectable()
export class Idempotency {
  constructor(private readonly database: Database) {}

  /**
   * Runs `make` in the transaction that also keeps the key.
   * @param make what the request makes; gives its id
   * @returns the id of what it makes now, or made before
   * @throws 422 where the key stood for another request
   */
  async once<T extends { id: string }>(
    { callerId, key, request }: OnceRequest,
    make: (tx: Transaction) => Promise<T>,
  ): Promise<T | { id: string; isRepeat: true }> {
    if (key === undefined) return this.database.transaction(make);
    const hash = createHash("sha256").update(JSON.stringify(request)).digest();
    return this.database.transaction(async (tx) => {
      if (!(await this.claim(tx, callerId, key, hash))) return this.former(tx, callerId, key, hash);
      const made = await make(tx);
      await tx.query("UPDATE idempotency_key SET resource_id = $3 WHERE caller_id = $1 AND key = $2", [
        callerId,
        key,
        made.id,
      ]);
      return made;
    });
  }

  /** Forgets keys whose time is over. */
  async clean(): Promise<void> {
    await this.database.pool.query(
      `DELETE FROM idempotency_key WHERE created_at <= now() - make_interval(hours => ${KEPT_HOURS})`,
    );
  }

  /** Waits for another transaction that holds the key; a key whose time is over is taken anew. */
  private async claim(tx: Transaction, callerId: string, key: string, hash: Buffer): Promise<boolean> {
    const { rowCount } = await tx.query(
      `INSERT INTO idempotency_key AS k (caller_id, key, request_hash, resource_id)
       VALUES ($1, $2, $3, gen_random_uuid())
       ON CONFLICT (caller_id, key) DO UPDATE SET request_hash = excluded.request_hash, created_at = now()
        WHERE k.created_at <= now() - make_interval(hours => ${KEPT_HOURS})`,
      [callerId, key, hash],
    );
    return rowCount === 1;
  }

  private async former(
    tx: Transaction,
    callerId: string,
    key: string,
    hash: Buffer,
  ): Promise<{ id: string; isRepeat: true }> {
    const { rows } = await tx.query<{ id: string; isSame: boolean }>(
      `SELECT resource_id AS id, request_hash = $3 AS "isSame" FROM idempotency_key WHERE caller_id = $1 AND key = $2`,
      [callerId, key, hash],
    );
    const [former] = rows;
    if (former?.isSame) return { id: former.id, isRepeat: true };
    const message = "stood for another request within the last 24 hours";
    throw new ProblemError(422, "Unprocessable content", `The Idempotency-Key ${message}.`, [
      { path: "Idempotency-Key", rule: "same-request", message },
    ]);
  }
}
