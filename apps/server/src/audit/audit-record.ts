import type { AuditEntry } from "@mn316-fleet/contracts";
import type { Transaction } from "../platform/database/database";
import { maskedText, recorded } from "./masked";

/** Who acts. */
export interface Actor {
  kind: AuditEntry["actor"]["kind"];
  id?: string | null;
  name?: string | null;
  role?: string | null;
}

export const NOBODY: Actor = { kind: "nobody" };

/** Who does what to what, and from where. */
export interface Deed {
  actor: Actor;
  /** Whose record it is; that of the fleet on whose behalf this runs, where none is named. */
  fleetId?: number;
  /** An operation as the API's description names it, or a word of its own where it is none. */
  action: string;
  resource?: string | null;
  /** Of the network; null for the server itself. */
  address?: string | null;
  /** What was asked for. */
  request?: unknown;
}

/** What became of it. */
export interface Outcome {
  /** As HTTP says it. */
  status: number;
  detail?: string | undefined;
  /** Known only now, as of what was created. */
  resource?: string | null | undefined;
  after?: unknown;
}

/** What there was before, and is after, in the transaction that changes it. */
export interface Change {
  before?: unknown;
  after?: unknown;
  resource?: string | null;
}

export type AuditPhase = "begun" | "changed" | "ended" | "noted";

const MAX_NAME = 256;

/** Adds one record. Nothing but this writes to the table, and what it writes is masked and of bounded size. */
export async function addRecord(
  tx: Pick<Transaction, "query">,
  node: string,
  entry: string,
  phase: AuditPhase,
  {
    fleetId,
    actor,
    action,
    address,
    request,
    resource,
    status,
    detail,
    before,
    after,
  }: Partial<Deed & Outcome & Change>,
): Promise<void> {
  const name = (text: string | null | undefined) =>
    text === null || text === undefined ? null : storableText(maskedText(text), MAX_NAME);
  await tx.query({
    name: "add-audit-record",
    text: `INSERT INTO audit_record (entry, phase, node, actor_kind, actor_id, actor_name, actor_role, address, action,
                                     resource, status, detail, request, before, after, fleet_id)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, coalesce($16, current_fleet()))`,
    values: [
      ...[entry, phase, node, actor?.kind ?? null, name(actor?.id), name(actor?.name), name(actor?.role)],
      ...[name(address), name(action), name(resource), status ?? null],
      detail === undefined ? null : storableText(maskedText(detail), 1_024),
      ...[recorded(request), recorded(before), recorded(after), fleetId ?? null],
    ],
  });
}

/** PostgreSQL stores no NUL. */
const storableText = (text: string, length: number) => text.replaceAll("\0", "\ufffd").slice(0, length);
