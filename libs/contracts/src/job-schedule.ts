import { z } from "zod";
import { plainTextSchema, timeSchema } from "./common";
import { timeZoneSchema } from "./time-zone";

/** Devices that match when the job is made, or also those that match later, until it ends. */
export const TARGET_MODES = ["snapshot", "continuous"] as const;
/** How long a job lives unless it says so. */
export const DEFAULT_LIFETIME_S = 86_400;

/** Runs a job again and again, each time as a job of its own. */
export const scheduleSchema = z.strictObject({
  /** Minute, hour, day of the month, month, day of the week. */
  cron: plainTextSchema.max(128),
  timeZone: timeZoneSchema.default("UTC"),
  /** How long each run lives, in seconds. */
  lifetimeS: z.number().int().min(60).max(2_592_000).default(DEFAULT_LIFETIME_S),
  /** No run begins after this moment. */
  until: timeSchema.optional(),
});
export type Schedule = z.infer<typeof scheduleSchema>;
