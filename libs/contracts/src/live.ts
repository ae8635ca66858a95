import { KNOWN_MODULE_STATES } from "@mn316-fleet/manual";
import { CAUSES } from "@mn316-fleet/protocol";
import { z } from "zod";
import { severitySchema } from "./alert-rules";
import { alertStateSchema } from "./alerts";
import { idSchema, tagSchema, timeSchema } from "./common";
import { configStatusSchema } from "./devices";
import { executionStatusSchema } from "./jobs";

const base = { at: timeSchema };
const device = { ...base, deviceId: idSchema };

/** What is told live, one schema a kind; each is a hint to look again, and carries what changed. */
export const liveEventSchema = z.discriminatedUnion("kind", [
  /** A device's link or its module's state changed, or the device is new. */
  z.object({
    kind: z.literal("device"),
    ...device,
    link: z.object({ online: z.boolean() }),
    module: z.object({ state: z.enum(KNOWN_MODULE_STATES), cause: z.enum(CAUSES).nullable() }),
  }),
  z.object({ kind: z.literal("removed"), ...device }),
  /** Another desired version, or the device got further with it. */
  z.object({
    kind: z.literal("config"),
    ...device,
    desiredVersion: z.number().int(),
    reportedVersion: z.number().int(),
    status: configStatusSchema,
  }),
  z.object({
    kind: z.literal("execution"),
    ...device,
    id: idSchema,
    jobId: idSchema,
    status: executionStatusSchema,
    attempt: z.number().int(),
  }),
  /** An alert fired, was acknowledged, or is over; without a device where it is a group's or a job's. */
  z.object({
    kind: z.literal("alert"),
    ...base,
    deviceId: idSchema.optional(),
    id: idSchema,
    ruleId: idSchema.nullable(),
    state: alertStateSchema,
    severity: severitySchema,
  }),
  z.object({ kind: z.literal("job"), ...base, id: idSchema, status: z.string() }),
  /** Events before this were missed: what is shown has to be read anew. */
  z.object({ kind: z.literal("reset"), ...base }),
]);
export type LiveEvent = z.infer<typeof liveEventSchema>;

/** The kinds that a reader can choose. */
export const LIVE_KINDS = ["device", "removed", "config", "execution", "job", "alert"] as const;
export type LiveKind = (typeof LIVE_KINDS)[number];

/** `reset` comes to every reader; events without a device only to those that name neither tag, state nor device. */
export const liveQuerySchema = z.strictObject({
  tag: tagSchema.optional(),
  /** The module's state now. */
  state: z.enum(KNOWN_MODULE_STATES).optional(),
  deviceId: idSchema.toLowerCase().optional(),
  /** Separated by commas; all unless given. */
  kinds: z
    .string()
    .transform((text) => text.split(","))
    .pipe(z.array(z.enum(LIVE_KINDS)).min(1))
    .optional(),
});
export type LiveQuery = z.infer<typeof liveQuerySchema>;
export type LiveQueryInput = z.input<typeof liveQuerySchema>;
