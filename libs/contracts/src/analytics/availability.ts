import { z } from "zod";
import { idSchema, timeSchema } from "../common";
import {
  answerShape,
  bucketSchema,
  countSchema,
  groupByShape,
  groupShape,
  questionShape,
  shareSchema,
} from "./question";

const { groupBy } = groupByShape;

export const availabilityQuerySchema = z.strictObject({
  ...questionShape,
  groupBy,
  /** So many devices, and groups, the least available first. */
  worst: z.coerce.number().int().min(1).max(1_000).default(50),
  /** Asks for the course of time as well. */
  bucket: bucketSchema.optional(),
});
export type AvailabilityQuery = z.infer<typeof availabilityQuerySchema>;
const availability = {
  connectedSeconds: z.number(),
  knownSeconds: z.number(),
  /** connected / known, null where nothing is known. */
  availability: shareSchema,
};
export const availabilitySchema = z.object({
  ...answerShape,
  fleet: z.object(availability),
  /** So available are 5, 50 and 95 in a hundred of the devices of which something is known, at most. */
  percentiles: z.object({ p5: shareSchema, p50: shareSchema, p95: shareSchema }),
  rows: z.array(z.object({ deviceId: idSchema, ...availability })),
  /** Buckets of which nothing is known are left out. */
  series: z.array(z.object({ at: timeSchema, ...availability })).optional(),
  groups: z.array(z.object({ ...groupShape, devices: countSchema, ...availability })).optional(),
});
export type Availability = z.infer<typeof availabilitySchema>;
