import { TIMEOUT_NAMES } from "@mn316-fleet/manual";
import { z } from "zod";
import { idSchema, pageOf, pageQueryShape, plainTextSchema, tagSchema, timeSchema } from "./common";
import { checkCriteria, selectorShape } from "./selector";

const { state: _state, online: _online, ...lastingCriteria } = selectorShape;
const refused = z
  .unknown()
  .refine((value) => value === undefined, {
    error: "changes all the time: a rule watches devices whatever their state, and its kind asks for the state",
    params: { rule: "not-supported" },
  })
  .optional()
  .meta({ not: {}, description: "What a rule watches for is its kind." });

/** The devices that a rule watches, or a silence is for. */
export const alertSelectorSchema = z
  .strictObject({ ...lastingCriteria, state: refused, online: refused })
  .superRefine(checkCriteria);

export const SEVERITIES = ["info", "warning", "critical"] as const;
export const severitySchema = z.enum(SEVERITIES);
export type Severity = z.infer<typeof severitySchema>;

const HOUR_S = 3_600;
const DAY_S = 86_400;
/** How long it must last without a break. */
const forS = z
  .number()
  .int()
  .min(0)
  .max(30 * DAY_S)
  .default(300);
/** The stretch that is looked back on; rounded up to whole hours. */
const overS = (fallbackS: number) =>
  z
    .number()
    .int()
    .min(HOUR_S)
    .max(7 * DAY_S)
    .default(fallbackS);

/** What each kind of rule asks for. */
const PARAMS = {
  /** The agent's link to the server is away. Of devices that were connected at least once. */
  "device-offline": z.strictObject({ forS }),
  /** The agent is there, and its module is not connected to the broker. */
  "module-disconnected": z.strictObject({ forS }),
  /** Connected time as a share of known time. */
  availability: z.strictObject({ underPercent: z.number().gt(0).max(100), overS: overS(DAY_S) }),
  /** The module left `connected` so many times, or more. */
  flapping: z.strictObject({
    disconnects: z.number().int().min(2).max(10_000),
    withinS: z.number().int().min(300).max(DAY_S).default(HOUR_S),
  }),
  /** More timeouts of a type (or of `any`) an hour than this. */
  timeouts: z.strictObject({
    type: z.enum([...TIMEOUT_NAMES, "any"]),
    perHour: z.number().min(0).max(100_000),
    overS: overS(HOUR_S),
  }),
  /** The device went back to its last good configuration. */
  "config-rolled-back": z.strictObject({}),
  /** A job was aborted that has a chosen device among its own. The alert stays open for so long. */
  "job-aborted": z.strictObject({
    openForS: z
      .number()
      .int()
      .min(60)
      .max(30 * DAY_S)
      .default(DAY_S),
  }),
};
export const ALERT_KINDS = [
  "device-offline",
  "module-disconnected",
  "availability",
  "flapping",
  "timeouts",
  "config-rolled-back",
  "job-aborted",
] as const satisfies readonly (keyof typeof PARAMS)[];
export const alertKindSchema = z.enum(ALERT_KINDS);
export type AlertKind = z.infer<typeof alertKindSchema>;
export type AlertParams<K extends AlertKind> = z.infer<(typeof PARAMS)[K]>;

const groupShape = {
  /** So many devices of a group make one alert of it. */
  minDevices: z.number().int().min(2).max(10_000).default(10),
  /** They must have begun within so long of each other. */
  withinS: z.number().int().min(60).max(DAY_S).default(600),
};
/** What devices have in common that fail together. */
export const alertGroupingSchema = z.discriminatedUnion("by", [
  z.strictObject({ by: z.literal("none") }),
  /** The cell that the module reported last. */
  z.strictObject({ by: z.literal("cell"), ...groupShape }),
  /** The device's first tag that begins so, such as `site:`. */
  z.strictObject({ by: z.literal("tag"), prefix: tagSchema, ...groupShape }),
]);
export type AlertGrouping = z.infer<typeof alertGroupingSchema>;

const MAX_CHANNELS = 20;
const shape = {
  name: plainTextSchema.trim().min(1).max(128),
  description: plainTextSchema.max(1_024).default(""),
  selector: alertSelectorSchema,
  severity: severitySchema.default("warning"),
  /** Hysteresis: a device is well again when it was so for this long without a break. */
  clearAfterS: z.number().int().min(0).max(DAY_S).default(120),
  /** Where its alerts are told. */
  channelIds: z
    .array(idSchema)
    .max(MAX_CHANNELS)
    .refine((ids) => new Set(ids).size === ids.length, {
      error: "must not name a channel twice",
      params: { rule: "unique" },
    })
    .default([]),
  isEnabled: z.boolean().default(true),
};
const ruleOf = <K extends AlertKind>(kind: K) =>
  z.strictObject({
    ...shape,
    kind: z.literal(kind),
    params: PARAMS[kind],
    groupBy: alertGroupingSchema.default({ by: "none" }),
  });
const ungrouped = z.strictObject({ by: z.literal("none", "a job has no group") });

/** A rule as it is created, and as PUT replaces it. */
export const writeAlertRuleSchema = z.discriminatedUnion("kind", [
  ruleOf("device-offline"),
  ruleOf("module-disconnected"),
  ruleOf("availability"),
  ruleOf("flapping"),
  ruleOf("timeouts"),
  ruleOf("config-rolled-back").extend({ params: PARAMS["config-rolled-back"].default({}) }),
  ruleOf("job-aborted").extend({ groupBy: ungrouped.default({ by: "none" }) }),
]);
export type WriteAlertRule = z.infer<typeof writeAlertRuleSchema>;
/** What a caller sends: all that has a default may be left out. */
export type WriteAlertRuleInput = z.input<typeof writeAlertRuleSchema>;

export const alertRuleSchema = z.object({
  id: idSchema,
  name: z.string(),
  description: z.string(),
  kind: alertKindSchema,
  params: z.record(z.string(), z.unknown()),
  selector: z.record(z.string(), z.unknown()),
  severity: severitySchema,
  clearAfterS: z.number().int(),
  groupBy: z.record(z.string(), z.unknown()),
  channelIds: z.array(idSchema),
  isEnabled: z.boolean(),
  /** Alerts of it that are open. */
  openAlerts: z.number().int(),
  /** When its devices were looked at last. */
  evaluatedAt: timeSchema.nullable(),
  version: z.number().int(),
  createdAt: timeSchema,
  updatedAt: timeSchema,
  updatedBy: z.string(),
});
export type AlertRule = z.infer<typeof alertRuleSchema>;
export const alertRulePageSchema = pageOf(alertRuleSchema);
export const alertRuleQuerySchema = z.strictObject(pageQueryShape);
export type AlertRuleQuery = z.infer<typeof alertRuleQuerySchema>;
