import { Injectable } from "@nestjs/common";
import { createHash } from "node:crypto";
import { Database, type Transaction } from "../platform/database/database";
import { ProblemError } from "../platform/problems/problem.error";
import type { RequestKey } from "./idempotency-key";

/** A request that is to be done once, however often it is sent. */
export interface OnceRequest extends RequestKey {
  /** What is asked for, JSON: the same key with anything else is a mistake. */
  request: unknown;
}

/** What a request made. */
export interface Made {
  id: string;
  /** All of them, where it made several. */
  ids?: readonly string[];
}
/** What the same request made before. */
export interface MadeBefore extends Made {
  isRepeat: true;
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
  once<T extends Made>(request: OnceRequest, make: (tx: Transaction) => Promise<T>): Promise<T | MadeBefore> {
    return this.database.transaction((tx) => this.within(tx, request, make));
  }

  /** Like `once`, in a transaction that the caller has begun. */
  async within<T extends Made>(
    tx: Transaction,
    { callerId, fleetId, key, request }: OnceRequest,
    make: (tx: Transaction) => Promise<T>,
  ): Promise<T | MadeBefore> {
    if (key === undefined) return make(tx);
    const hash = createHash("sha256").update(JSON.stringify(request)).digest();
    if (!(await this.claim(tx, { callerId, fleetId }, key, hash))) return this.former(tx, callerId, key, hash);
    const made = await make(tx);
    await tx.query(
      "UPDATE idempotency_key SET resource_id = $3, resource_ids = $4::uuid[] WHERE caller_id = $1 AND key = $2",
      [callerId, key, made.id, made.ids ?? null],
    );
    return made;
  }

  /**
   * Like `once` for what holds a secret that only the first answer shows: a repeat cannot have it.
   * @param what it is that is made, for the caller to read
   * @throws 409 with what was made before under `made`
   */
  async onceShown<T extends Made>(
    request: OnceRequest,
    what: string,
    make: (tx: Transaction) => Promise<T>,
  ): Promise<T> {
    const made = await this.once(request, make);
    if (!("isRepeat" in made)) return made;
    const { id, ids } = made;
    const detail = `The same request made ${what} already, and its answer alone showed the secret: see made.`;
    throw new ProblemError(409, "Conflict", detail, undefined, {}, { made: ids ? { ids } : { id } });
  }

  /** Forgets keys whose time is over. */
  async clean(): Promise<void> {
    await this.database.pool.query(
      `DELETE FROM idempotency_key WHERE created_at <= now() - make_interval(hours => ${KEPT_HOURS})`,
    );
  }

  /** Waits for another transaction that holds the key; a key whose time is over is taken anew. */
  private async claim(
    tx: Transaction,
    { callerId, fleetId }: Omit<RequestKey, "key">,
    key: string,
    hash: Buffer,
  ): Promise<boolean> {
    const { rowCount } = await tx.query(
      `INSERT INTO idempotency_key AS k (caller_id, key, request_hash, resource_id, fleet_id)
       VALUES ($1, $2, $3, gen_random_uuid(), coalesce($4, current_fleet()))
       ON CONFLICT (caller_id, key) DO UPDATE SET request_hash = excluded.request_hash, created_at = now()
        WHERE k.created_at <= now() - make_interval(hours => ${KEPT_HOURS})`,
      [callerId, key, hash, fleetId ?? null],
    );
    return rowCount === 1;
  }

  private async former(tx: Transaction, callerId: string, key: string, hash: Buffer): Promise<MadeBefore> {
    const { rows } = await tx.query<{ id: string; ids: string[] | null; isSame: boolean }>(
      `SELECT resource_id AS id, resource_ids AS ids, request_hash = $3 AS "isSame"
         FROM idempotency_key WHERE caller_id = $1 AND key = $2`,
      [callerId, key, hash],
    );
    const [former] = rows;
    if (former?.isSame) return { id: former.id, ...(former.ids && { ids: former.ids }), isRepeat: true };
    const message = "stood for another request within the last 24 hours";
    throw new ProblemError(422, "Unprocessable content", `The Idempotency-Key ${message}.`, [
      { path: "Idempotency-Key", rule: "same-request", message },
    ]);
  }
}
