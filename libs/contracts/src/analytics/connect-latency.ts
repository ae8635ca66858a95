import { z } from "zod";
import { timeSchema } from "../common";
import { answerShape, bucketSchema, countSchema, groupByShape, groupShape, questionShape } from "./question";

const ms = z.number().min(0).nullable();
const latencies = {
  /** Attempts that ended connected. */
  connects: countSchema,
  /** Half, 90 and 99 in a hundred of them took less, as near as the histogram's buckets tell; null where there are none. */
  p50Ms: ms,
  p90Ms: ms,
  p99Ms: ms,
};

export const connectLatencyQuerySchema = z.strictObject({
  ...questionShape,
  ...groupByShape,
  bucket: bucketSchema.default("hour"),
});
export type ConnectLatencyQuery = z.infer<typeof connectLatencyQuerySchema>;
export const connectLatencySchema = z.object({
  ...answerShape,
  bucket: bucketSchema,
  ...latencies,
  /** Buckets of the fixed logarithmic scale that are not empty; `toMs` is null for the last, which has no end. */
  histogram: z.array(z.object({ fromMs: z.number(), toMs: z.number().nullable(), connects: countSchema })),
  rows: z.array(z.object({ at: timeSchema, ...latencies })),
  /** Of the whole range, those with the most connects first. */
  groups: z.array(z.object({ ...groupShape, ...latencies })).optional(),
});
export type ConnectLatency = z.infer<typeof connectLatencySchema>;
