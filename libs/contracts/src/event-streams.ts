import { STORED_KINDS } from "@mn316-fleet/protocol";
import { z } from "zod";
import { idSchema, plainTextSchema, timeSchema } from "./common";
import { storedEventSchema } from "./history";
import { selectorSchema } from "./selector";
import { webhookSecretSchema, webhookUrlSchema } from "./webhooks";

const kinds = z.array(z.enum(STORED_KINDS)).min(1).max(STORED_KINDS.length);
const settable = {
  name: plainTextSchema.trim().min(1).max(128),
  /** Each batch is posted there. */
  url: webhookUrlSchema,
  /** What batches are signed with; never shown again. */
  secret: webhookSecretSchema,
};

export const createEventStreamSchema = z.strictObject({
  ...settable,
  /** Whose events; everyone's unless given. */
  selector: selectorSchema.optional(),
  /** Which events; all unless given. */
  kinds: kinds.optional(),
  isEnabled: z.boolean().default(true),
  /** With the oldest events that are kept, or with what is stored from now on. */
  startFrom: z.enum(["now", "beginning"]).default("now"),
});
export type CreateEventStream = z.infer<typeof createEventStreamSchema>;

export const updateEventStreamSchema = z
  .strictObject({ ...settable, selector: selectorSchema.nullable(), kinds: kinds.nullable() })
  .partial()
  .refine((body) => Object.keys(body).length > 0, "must change at least one field");
export type UpdateEventStream = z.infer<typeof updateEventStreamSchema>;

/** Where to go on: at the oldest events that are kept, behind all there are, or at what was received from a time on. */
export const seekEventStreamSchema = z.strictObject({ to: z.union([z.enum(["beginning", "now"]), timeSchema]) });
export type SeekEventStream = z.infer<typeof seekEventStreamSchema>;

export const eventStreamStatusSchema = z.object({
  /** `waiting` for a process that delivers it; `failing`: it is tried again and again. */
  state: z.enum(["paused", "waiting", "failing", "delivering"]),
  /** Of a stream that paused itself. */
  reason: z.string().nullable(),
  position: z.object({
    /** Everything stored before this is delivered; null before that can be said. */
    deliveredThrough: timeSchema.nullable(),
    /** Events delivered so far. */
    delivered: z.number().int(),
  }),
  /** Stored and not delivered yet, of all kinds. */
  lagEvents: z.number().int(),
  /** No event waits for longer; null while nothing can be said. */
  lagSeconds: z.number().nullable(),
  /** Attempts in a row that failed, and when the next one is. */
  failures: z.number().int(),
  retryAt: timeSchema.nullable(),
  lastError: z.string().nullable(),
  lastErrorAt: timeSchema.nullable(),
  lastDeliveredAt: timeSchema.nullable(),
  /** The process that delivers it. */
  node: z.string().nullable(),
});
export type EventStreamStatus = z.infer<typeof eventStreamStatusSchema>;

export const eventStreamSchema = z.object({
  id: idSchema,
  name: z.string(),
  url: z.string(),
  selector: selectorSchema.nullable(),
  kinds: z.array(z.string()).nullable(),
  isEnabled: z.boolean(),
  createdAt: timeSchema,
  createdBy: z.string(),
  status: eventStreamStatusSchema,
});
export type EventStream = z.infer<typeof eventStreamSchema>;
export const eventStreamListSchema = z.object({ items: z.array(eventStreamSchema), next: z.null() });

/** Numbers of a device's outbox that were dropped before they could be delivered. */
export const eventStreamGapSchema = z.object({
  deviceId: idSchema,
  epoch: z.number().int(),
  from: z.number().int(),
  to: z.number().int(),
});
export type EventStreamGap = z.infer<typeof eventStreamGapSchema>;

/** What is posted. An event's (deviceId, epoch, seq) is the same whenever it comes, which tells repeats. */
export const eventStreamBatchSchema = z.object({
  type: z.literal("events"),
  /** When the server received the newest of it. */
  timestamp: timeSchema,
  data: z.object({
    stream: z.object({ id: idSchema, name: z.string() }),
    /** Of each device in its order. */
    events: z.array(storedEventSchema.extend({ deviceId: idSchema })),
    gaps: z.array(eventStreamGapSchema),
  }),
});
export type EventStreamBatch = z.infer<typeof eventStreamBatchSchema>;
