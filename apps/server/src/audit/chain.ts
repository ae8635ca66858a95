import { createHash } from "node:crypto";
import { HOST_FLEET } from "../platform/database/fleet-scope";

/** The hash before the first record. */
export const FIRST_HASH: Buffer = Buffer.alloc(32);

/** A record as the chain covers it: each column as text, in the order of `COLUMNS`. */
export type ChainedRecord = (string | null)[];

const TIME = `to_char(r.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
const TEXTS = ["actor_kind", "actor_id", "actor_name", "actor_role", "address", "action", "resource"];
const LATER = ["status", "detail", "request", "before", "after"];

/**
 * All columns of `audit_record r` as one array of texts. A column that is left out could be changed unseen. The host's records
 * name no fleet: those of before there were any are covered as they were sealed.
 */
export const COLUMNS = `ARRAY[${[
  ...["r.id::text", "r.entry::text", "r.phase", TIME, "r.node"],
  ...[...TEXTS, ...LATER].map((column) => `r.${column}::text`),
].join(", ")}] || CASE WHEN r.fleet_id <> ${HOST_FLEET} THEN ARRAY[r.fleet_id::text] END`;

/** The next hash of the chain: SHA-256 over the one before it and the record. */
export function nextHash(former: Buffer, record: ChainedRecord): Buffer {
  return createHash("sha256").update(former).update(JSON.stringify(record)).digest();
}
