import type { AuditEntry, AuditExportQuery } from "@mn316-fleet/contracts";
import { stringify } from "csv-stringify";
import { Readable } from "node:stream";

/** The columns of the CSV, and what stands in each. */
const COLUMNS: Record<string, (entry: AuditEntry) => unknown> = {
  id: ({ id }) => id,
  at: ({ at }) => at,
  endedAt: ({ endedAt }) => endedAt,
  actorKind: ({ actor }) => actor.kind,
  actorId: ({ actor }) => actor.id,
  actorName: ({ actor }) => actor.name,
  actorRole: ({ actor }) => actor.role,
  address: ({ from }) => from.address,
  node: ({ from }) => from.node,
  action: ({ action }) => action,
  resource: ({ resource }) => resource,
  outcome: ({ outcome }) => outcome,
  status: ({ status }) => status,
  detail: ({ detail }) => detail,
  request: ({ request }) => json(request),
  before: ({ before }) => json(before),
  after: ({ after }) => json(after),
};

/** Entries as they come, as bytes; no more of them are read than the receiver takes. */
export function exported(entries: AsyncIterable<AuditEntry>, format: AuditExportQuery["format"]): Readable {
  if (format === "ndjson") return Readable.from(lines(entries));
  const rows = Readable.from(cells(entries));
  // A cell that begins as a formula must not become one in whatever opens the file.
  const csv = stringify({ header: true, columns: Object.keys(COLUMNS), escape_formulas: true });
  rows.on("error", (error) => csv.destroy(error));
  csv.on("close", () => rows.destroy());
  return rows.pipe(csv);
}

/** What each format is. */
export const MEDIA_TYPES = { ndjson: "application/x-ndjson", csv: "text/csv; charset=utf-8" } as const;

async function* lines(entries: AsyncIterable<AuditEntry>) {
  for await (const entry of entries) yield `${JSON.stringify(entry)}\n`;
}

async function* cells(entries: AsyncIterable<AuditEntry>) {
  for await (const entry of entries) yield Object.values(COLUMNS).map((cell) => cell(entry));
}

const json = (value: unknown) => (value === null || value === undefined ? null : JSON.stringify(value));
