import { CAUSES } from "@mn316-fleet/protocol";
import { z } from "zod";
import { idSchema, timeSchema } from "../common";
import {
  answerShape,
  bucketSchema,
  countSchema,
  groupByShape,
  groupShape,
  limitSchema,
  questionShape,
} from "./question";

const causeCounts = Object.fromEntries(CAUSES.map((cause) => [cause, countSchema])) as Record<
  (typeof CAUSES)[number],
  typeof countSchema
>;

export const disconnectsQuerySchema = z.strictObject({
  ...questionShape,
  ...groupByShape,
  bucket: bucketSchema.default("hour"),
});
export type DisconnectsQuery = z.infer<typeof disconnectsQuerySchema>;
export const disconnectsSchema = z.object({
  ...answerShape,
  bucket: bucketSchema,
  totals: z.object(causeCounts),
  /** Buckets without a disconnect are left out. */
  rows: z.array(z.object({ at: timeSchema, ...causeCounts })),
  /** Of the whole range, those with the most first. */
  groups: z.array(z.object({ ...groupShape, ...causeCounts })).optional(),
});
export type Disconnects = z.infer<typeof disconnectsSchema>;

export const flappingQuerySchema = z.strictObject({
  ...questionShape,
  limit: limitSchema,
  /** A device flaps in an hour in which it was disconnected so often, other than by request. */
  perHour: z.coerce.number().int().min(2).max(1_000).default(4),
});
export type FlappingQuery = z.infer<typeof flappingQuerySchema>;
export const flappingSchema = z.object({
  ...answerShape,
  perHour: countSchema,
  /** How many devices flapped. */
  flapping: countSchema,
  /** Those with the highest peak first. */
  rows: z.array(
    z.object({
      deviceId: idSchema,
      name: z.string(),
      /** In the whole range. */
      disconnects: countSchema,
      /** Hours of the range in which it flapped. */
      flappingHours: countSchema,
      peakAt: timeSchema,
      peakPerHour: countSchema,
    }),
  ),
});
export type Flapping = z.infer<typeof flappingSchema>;
