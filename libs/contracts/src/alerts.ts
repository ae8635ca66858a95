import { z } from "zod";
import { notificationSchema } from "./alert-channels";
import { alertKindSchema, alertSelectorSchema, severitySchema } from "./alert-rules";
import { idSchema, pageOf, pageQueryShape, plainTextSchema, timeSchema } from "./common";

export const ALERT_STATES = ["firing", "acknowledged", "resolved"] as const;
export const alertStateSchema = z.enum(ALERT_STATES);
export type AlertState = z.infer<typeof alertStateSchema>;

/** Why an alert is over: its devices are well, the alert of their group took it over or broke up, or its rule changed. */
export const RESOLUTIONS = [
  "recovered",
  "folded",
  "group-ended",
  "rule-changed",
  "rule-disabled",
  "rule-removed",
] as const;

/** What is wrong: `code` is the rule's kind, with `-group` behind it for a group; `text` says the same in English. */
export const alertSummarySchema = z.object({
  code: z.string(),
  params: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
  text: z.string(),
});
export type AlertSummary = z.infer<typeof alertSummarySchema>;

export const alertSchema = z.object({
  id: idSchema,
  ruleId: idSchema.nullable(),
  rule: z.string(),
  kind: alertKindSchema,
  severity: severitySchema,
  state: alertStateSchema,
  summary: alertSummarySchema,
  /** Since when it is so; of a group, since when it is for the first of its devices. */
  since: timeSchema,
  /** When it had lasted long enough to be an alert. */
  firedAt: timeSchema,
  deviceId: idSchema.nullable(),
  jobId: idSchema.nullable(),
  group: z.object({ by: z.enum(["cell", "tag"]), key: z.string() }).nullable(),
  /** Concerned now; when it is over, at the end. */
  devices: z.number().int(),
  /** Nobody was told, because of a silence. */
  isSilenced: z.boolean(),
  acknowledgedAt: timeSchema.nullable(),
  acknowledgedBy: z.string().nullable(),
  note: z.string().nullable(),
  resolvedAt: timeSchema.nullable(),
  resolution: z.enum(RESOLUTIONS).nullable(),
  /** The alert of its group that took it over. */
  foldedInto: idSchema.nullable(),
});
export type Alert = z.infer<typeof alertSchema>;
export const alertPageSchema = pageOf(alertSchema);
export const alertQuerySchema = z.strictObject({
  ...pageQueryShape,
  /** `open`: firing or acknowledged. */
  state: z.enum([...ALERT_STATES, "open"]).optional(),
  severity: severitySchema.optional(),
  ruleId: idSchema.optional(),
  /** Also those of a group that the device is or was part of. */
  deviceId: idSchema.optional(),
});
export type AlertQuery = z.infer<typeof alertQuerySchema>;

/** With the newest of what was told of it. */
export const alertDetailSchema = alertSchema.extend({ notifications: z.array(notificationSchema) });
export type AlertDetail = z.infer<typeof alertDetailSchema>;

export const alertDeviceSchema = z.object({
  deviceId: idSchema,
  /** Null when the device is gone. */
  name: z.string().nullable(),
  joinedAt: timeSchema,
  /** Null while it is concerned. */
  leftAt: timeSchema.nullable(),
});
export type AlertDevice = z.infer<typeof alertDeviceSchema>;
export const alertDevicePageSchema = pageOf(alertDeviceSchema);
export const alertDeviceQuerySchema = z.strictObject(pageQueryShape);
export type AlertDeviceQuery = z.infer<typeof alertDeviceQuerySchema>;

export const acknowledgeSchema = z.strictObject({ note: plainTextSchema.trim().min(1).max(1_024).optional() });
export type Acknowledge = z.infer<typeof acknowledgeSchema>;

/** Nobody is told of what it covers, from `from` (now, unless given) to `to`. */
export const createSilenceSchema = z
  .strictObject({
    ruleId: idSchema.optional(),
    selector: alertSelectorSchema.optional(),
    from: timeSchema.optional(),
    to: timeSchema,
    reason: plainTextSchema.trim().min(1).max(1_024),
  })
  .superRefine(({ ruleId, selector, from, to }, context) => {
    const issue = (path: string, rule: string, message: string) => {
      context.addIssue({ code: "custom", path: [path], message, params: { rule } });
    };
    if (ruleId === undefined && selector === undefined)
      issue("selector", "criterion", "must be given, or ruleId, or both: a silence of everything has to say so");
    if (from !== undefined && from >= to) issue("to", "after-from", "must be after from");
  });
export type CreateSilence = z.infer<typeof createSilenceSchema>;

export const silenceSchema = z.object({
  id: idSchema,
  ruleId: idSchema.nullable(),
  selector: z.record(z.string(), z.unknown()).nullable(),
  from: timeSchema,
  to: timeSchema,
  isActive: z.boolean(),
  reason: z.string(),
  createdAt: timeSchema,
  createdBy: z.string(),
});
export type Silence = z.infer<typeof silenceSchema>;
export const silencePageSchema = pageOf(silenceSchema);
export const silenceQuerySchema = z.strictObject(pageQueryShape);
export type SilenceQuery = z.infer<typeof silenceQuerySchema>;
