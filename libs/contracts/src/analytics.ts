import { TIMEOUT_NAMES } from "@mn316-fleet/manual";
import { z } from "zod";
import { idSchema, rangeQueryShape, tagSchema, timeSchema } from "./common";

const count = z.number().int();
const timeoutCounts = Object.fromEntries(TIMEOUT_NAMES.map((name) => [name, count])) as Record<
  (typeof TIMEOUT_NAMES)[number],
  typeof count
>;

/** Whom an analytics query asks about; without any, the whole fleet. */
export const selectorQueryShape = { deviceId: idSchema.optional(), tag: tagSchema.optional() };

export const timeoutsQuerySchema = z.strictObject({
  ...rangeQueryShape,
  ...selectorQueryShape,
  bucket: z.enum(["hour", "day"]).default("hour"),
});
export type TimeoutsQuery = z.infer<typeof timeoutsQuerySchema>;
export const timeoutsSchema = z.object({
  from: timeSchema,
  to: timeSchema,
  bucket: z.enum(["hour", "day"]),
  devices: count,
  totals: z.object(timeoutCounts),
  rows: z.array(z.object({ at: timeSchema, ...timeoutCounts })),
});
export type Timeouts = z.infer<typeof timeoutsSchema>;

export const availabilityQuerySchema = z.strictObject({
  ...rangeQueryShape,
  ...selectorQueryShape,
  /** So many devices, the least available first. */
  worst: z.coerce.number().int().min(1).max(1_000).default(50),
});
export type AvailabilityQuery = z.infer<typeof availabilityQuerySchema>;
const availability = {
  connectedSeconds: z.number(),
  knownSeconds: z.number(),
  /** connected / known, null where nothing is known. */
  availability: z.number().min(0).max(1).nullable(),
};
export const availabilitySchema = z.object({
  from: timeSchema,
  to: timeSchema,
  devices: count,
  fleet: z.object(availability),
  rows: z.array(z.object({ deviceId: idSchema, ...availability })),
});
export type Availability = z.infer<typeof availabilitySchema>;
