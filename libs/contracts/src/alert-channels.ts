import { z } from "zod";
import { idSchema, pageOf, pageQueryShape, plainTextSchema, timeSchema } from "./common";
import { webhookSecretSchema, webhookUrlSchema } from "./webhooks";

const name = plainTextSchema.trim().min(1).max(128);
const MAX_RECIPIENTS = 20;

/** A channel as it is created, and as PUT replaces it. */
export const writeAlertChannelSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("webhook"),
    name,
    url: webhookUrlSchema,
    /** Write-only. Left out: the stored one stays, or one is made and shown this once. */
    secret: webhookSecretSchema.optional(),
  }),
  z.strictObject({
    kind: z.literal("email"),
    name,
    to: z.array(z.email("must be an e-mail address").max(254)).min(1).max(MAX_RECIPIENTS),
  }),
]);
export type WriteAlertChannel = z.infer<typeof writeAlertChannelSchema>;

export const CHANNEL_KINDS = ["webhook", "email"] as const;
export const alertChannelSchema = z.object({
  id: idSchema,
  name: z.string(),
  kind: z.enum(CHANNEL_KINDS),
  /** Of a webhook. Some services put a secret into it: whoever is no admin sees its host only. */
  url: z.string().optional(),
  /** Of an e-mail channel. */
  to: z.array(z.string()).optional(),
  version: z.number().int(),
  createdAt: timeSchema,
  updatedAt: timeSchema,
  updatedBy: z.string(),
});
export type AlertChannel = z.infer<typeof alertChannelSchema>;
/** With the secret where the server made it: it is not shown again. */
export const writtenAlertChannelSchema = alertChannelSchema.extend({ secret: z.string().optional() });
export type WrittenAlertChannel = z.infer<typeof writtenAlertChannelSchema>;
export const alertChannelPageSchema = pageOf(alertChannelSchema);
export const alertChannelQuerySchema = z.strictObject(pageQueryShape);
export type AlertChannelQuery = z.infer<typeof alertChannelQuerySchema>;

/** What became of a test. */
export const channelTestSchema = z.object({ isDelivered: z.boolean(), error: z.string().optional() });
export type ChannelTest = z.infer<typeof channelTestSchema>;

export const NOTIFICATION_STATES = ["pending", "delivered", "failed"] as const;
/** `firing` and `resolved` list the alerts that fired or were over since the rule was last looked at. */
export const NOTIFICATION_TYPES = ["alerts.firing", "alerts.resolved"] as const;
export const notificationSchema = z.object({
  /** Also the webhook's id: the same for every attempt. */
  id: idSchema,
  channelId: idSchema,
  channel: z.string(),
  ruleId: idSchema.nullable(),
  type: z.enum(NOTIFICATION_TYPES),
  state: z.enum(NOTIFICATION_STATES),
  /** How many alerts it tells of. */
  alerts: z.number().int(),
  attempts: z.number().int(),
  nextAttemptAt: timeSchema.nullable(),
  lastError: z.string().nullable(),
  createdAt: timeSchema,
  /** Delivered, or given up. */
  endedAt: timeSchema.nullable(),
});
export type Notification = z.infer<typeof notificationSchema>;
export const notificationPageSchema = pageOf(notificationSchema);
export const notificationQuerySchema = z.strictObject({
  ...pageQueryShape,
  state: z.enum(NOTIFICATION_STATES).optional(),
  channelId: idSchema.optional(),
});
export type NotificationQuery = z.infer<typeof notificationQuerySchema>;
