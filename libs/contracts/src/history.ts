import { KNOWN_MODULE_STATES } from "@mn316-fleet/manual";
import { CAUSES, STORED_KINDS } from "@mn316-fleet/protocol";
import { z } from "zod";
import { pageOf, pageQueryShape, rangeQueryShape, timeSchema } from "./common";

/** A stored event; the fields beside these are the kind's own (see the protocol). */
export const storedEventSchema = z.looseObject({
  epoch: z.number().int(),
  seq: z.number().int(),
  at: timeSchema,
  receivedAt: timeSchema,
  kind: z.string(),
});
export type StoredEvent = z.infer<typeof storedEventSchema>;
export const eventPageSchema = pageOf(storedEventSchema);

export const eventQuerySchema = z.strictObject({
  ...pageQueryShape,
  ...rangeQueryShape,
  /** One kind, or several with commas between them. */
  kind: z
    .string()
    .transform((text) => text.split(","))
    .pipe(z.array(z.enum(STORED_KINDS)))
    .optional(),
  /** Of changes of state only: what led to them. */
  cause: z.enum(CAUSES).optional(),
});
export type EventQuery = z.infer<typeof eventQuerySchema>;
/** What a caller may ask with: kinds as one text. */
export type EventQueryInput = z.input<typeof eventQuerySchema>;

/** A stretch of time in one module state; `ended` is null while it lasts. */
export const intervalSchema = z.object({
  state: z.enum(KNOWN_MODULE_STATES),
  began: timeSchema,
  ended: timeSchema.nullable(),
  seconds: z.number(),
  /** Why the interval ended; null while it lasts. */
  cause: z.enum(CAUSES).nullable(),
  configVersion: z.number().int().nullable(),
});
export type Interval = z.infer<typeof intervalSchema>;
export const intervalPageSchema = pageOf(intervalSchema);
export const intervalQuerySchema = z.strictObject({
  ...pageQueryShape,
  ...rangeQueryShape,
  state: z.enum(KNOWN_MODULE_STATES).optional(),
  cause: z.enum(CAUSES).optional(),
});
export type IntervalQuery = z.infer<typeof intervalQuerySchema>;

/** From a connection that was lost to the next one; `ended` is null while it lasts. */
export const outageSchema = z.object({
  began: timeSchema,
  ended: timeSchema.nullable(),
  seconds: z.number(),
  /** How much of it no agent was there to see. */
  unknownSeconds: z.number(),
  cause: z.enum(CAUSES),
  /** The cell and the configuration in which it began, where these are known. */
  cell: z.string().nullable(),
  configVersion: z.number().int().nullable(),
});
export type Outage = z.infer<typeof outageSchema>;
export const outagePageSchema = pageOf(outageSchema);
export const outageQuerySchema = z.strictObject({
  ...pageQueryShape,
  ...rangeQueryShape,
  cause: z.enum(CAUSES).optional(),
});
export type OutageQuery = z.infer<typeof outageQuerySchema>;

/** One connection of an agent to the server. */
export const linkSessionSchema = z.object({
  began: timeSchema,
  ended: timeSchema.nullable(),
  node: z.string(),
  closeCode: z.number().int().nullable(),
});
export type LinkSession = z.infer<typeof linkSessionSchema>;
export const linkSessionPageSchema = pageOf(linkSessionSchema);
export const linkSessionQuerySchema = z.strictObject({ ...pageQueryShape, ...rangeQueryShape });
