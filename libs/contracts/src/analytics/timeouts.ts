import { TIMEOUT_NAMES } from "@mn316-fleet/manual";
import { z } from "zod";
import { timeSchema } from "../common";
import { answerShape, bucketSchema, countSchema, groupByShape, groupShape, questionShape } from "./question";

const timeoutCounts = Object.fromEntries(TIMEOUT_NAMES.map((name) => [name, countSchema])) as Record<
  (typeof TIMEOUT_NAMES)[number],
  typeof countSchema
>;

export const timeoutsQuerySchema = z.strictObject({
  ...questionShape,
  ...groupByShape,
  bucket: bucketSchema.default("hour"),
});
export type TimeoutsQuery = z.infer<typeof timeoutsQuerySchema>;
export const timeoutsSchema = z.object({
  ...answerShape,
  bucket: bucketSchema,
  totals: z.object(timeoutCounts),
  /** Buckets without a timeout are left out. */
  rows: z.array(z.object({ at: timeSchema, ...timeoutCounts })),
  /** Of the whole range, those with the most first. */
  groups: z.array(z.object({ ...groupShape, ...timeoutCounts })).optional(),
});
export type Timeouts = z.infer<typeof timeoutsSchema>;
