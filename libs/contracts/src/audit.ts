import { z } from "zod";
import { pageOf, pageQueryShape, plainTextSchema, rangeQueryShape, timeSchema } from "./common";

/** What became of it; `unfinished` where nothing says so: it still runs, or the process ended meanwhile. */
export const AUDIT_OUTCOMES = ["done", "refused", "failed", "unfinished"] as const;

/** Who acted; `nobody` showed no valid credential. */
export const AUDIT_ACTOR_KINDS = ["api-key", "user", "enrollment-key", "system", "nobody"] as const;

const auditFilterShape = {
  /** Name or id of who acted. */
  actor: plainTextSchema.min(1).max(128).optional(),
  /** An operation as the API's description names it (`PATCH /api/v1/devices/{id}`), or `console`; `*` at its end for any rest. */
  action: plainTextSchema.min(1).max(128).optional(),
  /** `devices/<id>`, or `devices` for all of them. */
  resource: plainTextSchema.min(1).max(256).optional(),
  outcome: z.enum(AUDIT_OUTCOMES).optional(),
  ...rangeQueryShape,
};

export const auditQuerySchema = z.strictObject({ ...auditFilterShape, ...pageQueryShape });
export type AuditQuery = z.infer<typeof auditQuerySchema>;

export const auditExportQuerySchema = z.strictObject({
  ...auditFilterShape,
  format: z.enum(["ndjson", "csv"]).default("ndjson"),
});
export type AuditExportQuery = z.infer<typeof auditExportQuerySchema>;
export type AuditFilter = Omit<AuditExportQuery, "format">;

export const auditEntrySchema = z.object({
  id: z.uuid(),
  at: timeSchema,
  endedAt: timeSchema.nullable(),
  actor: z.object({
    kind: z.enum(AUDIT_ACTOR_KINDS),
    id: z.string().nullable(),
    name: z.string().nullable(),
    role: z.string().nullable(),
  }),
  from: z.object({ address: z.string().nullable(), node: z.string() }),
  action: z.string(),
  resource: z.string().nullable(),
  outcome: z.enum(AUDIT_OUTCOMES),
  /** As HTTP says it. */
  status: z.number().int().nullable(),
  detail: z.string().nullable(),
  /** What was asked for, and what there was before and after; secrets are `***`, what is large is cut. */
  request: z.unknown(),
  before: z.unknown(),
  after: z.unknown(),
});
export type AuditEntry = z.infer<typeof auditEntrySchema>;
export const auditPageSchema = pageOf(auditEntrySchema);
