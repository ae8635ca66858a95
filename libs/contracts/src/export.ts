import { KNOWN_MODULE_STATES } from "@mn316-fleet/manual";
import { CAUSES, STORED_KINDS } from "@mn316-fleet/protocol";
import { z } from "zod";
import { idSchema, rangeQueryShape, tagSchema } from "./common";
import { selectorSchema } from "./selector";

export const EXPORT_FORMATS = ["csv", "ndjson", "parquet"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Hourly and daily sums, and the outages, under the names by which they are exported. */
export const ROLLUP_NAMES = [
  "state-hour",
  "timeout-hour",
  "disconnect-hour",
  "connect-hour",
  "reconnect-hour",
  "signal-hour",
  "availability-day",
  "fleet-hour",
  "outage",
] as const;
export type RollupName = (typeof ROLLUP_NAMES)[number];
export const rollupParamSchema = z.strictObject({ name: z.enum(ROLLUP_NAMES) });

/** Values with commas between them, as one query parameter. */
export const listOf = <T extends readonly string[]>(values: T) =>
  z
    .string()
    .transform((text) => text.split(","))
    .pipe(z.array(z.enum(values)).min(1));

/** A selector as the JSON text that a query parameter holds. */
const selectorTextSchema = z
  .string()
  .max(8_192)
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue({ code: "custom", message: "must be a selector as JSON", params: { rule: "json" } });
      return z.NEVER;
    }
  })
  .pipe(selectorSchema);

const shape = {
  format: z.enum(EXPORT_FORMATS).default("csv"),
  ...rangeQueryShape,
  deviceId: idSchema.toLowerCase().optional(),
  tag: tagSchema.optional(),
  selector: selectorTextSchema.optional(),
};

/** @throws an issue at `from` where the range ends before it begins */
function checkRange(
  { from, to }: { from?: string | undefined; to?: string | undefined },
  context: z.core.$RefinementCtx,
) {
  if (from !== undefined && to !== undefined && Date.parse(from) >= Date.parse(to))
    context.addIssue({
      code: "custom",
      path: ["from"],
      message: "must lie before `to`",
      params: { rule: "before-to" },
    });
}

/** Everything that is stored, unless these narrow it; what narrows the devices must all hold. */
export const exportQuerySchema = z.strictObject(shape).superRefine(checkRange);
export type ExportQuery = z.infer<typeof exportQuerySchema>;

export const eventExportQuerySchema = z
  .strictObject({ ...shape, kind: listOf(STORED_KINDS).optional() })
  .superRefine(checkRange);
export type EventExportQuery = z.infer<typeof eventExportQuerySchema>;

export const intervalExportQuerySchema = z
  .strictObject({ ...shape, state: listOf(KNOWN_MODULE_STATES).optional(), cause: listOf(CAUSES).optional() })
  .superRefine(checkRange);
export type IntervalExportQuery = z.infer<typeof intervalExportQuerySchema>;
