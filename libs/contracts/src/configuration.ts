import { LIMITS } from "@mn316-fleet/manual";
import { reportedConfigSchema } from "@mn316-fleet/protocol";
import { z } from "zod";
import { fieldErrorSchema, idSchema } from "./common";
import { brokenRules, brokenRulesOfPart, type CrossFieldError } from "./configuration-rules";
import { text } from "./configuration-text";
import { configStatusSchema } from "./devices";

/** Shown instead of a password, and taken as "keep the stored one" where a document comes back with it. */
export const HIDDEN_PASSWORD = "***";

const wholeFrom = ({ min, max }: { min: number; max: number }) => z.number().int().min(min).max(max);
const qos = wholeFrom({ min: 0, max: 2 });

const willSchema = z.strictObject({
  topic: text.topic,
  message: text.willMessage,
  qos: qos.default(0),
  retain: z.boolean().default(false),
});

const mqttSchema = z.strictObject({
  host: text.host,
  port: wholeFrom(LIMITS.port),
  clientId: text.clientId,
  keepAliveS: wholeFrom(LIMITS.keepAliveS).default(LIMITS.keepAliveS.default),
  username: text.username.optional(),
  /** Write-only. Absent (or `***`) keeps the stored one, null removes it. */
  password: text.password.nullable().optional(),
  cleanSession: z.boolean().default(true),
  /** §2.9: how long the module waits for an acknowledgement. */
  ackTimeoutS: wholeFrom(LIMITS.ackTimeoutS).default(LIMITS.ackTimeoutS.default),
  /** §2.10: whether the module reports each answered heart-beat. */
  pingEcho: z.boolean().default(false),
  /** What the broker publishes when the module is lost. */
  will: willSchema.optional(),
  /** Named only to say plainly why it is refused. */
  encrypt: z
    .unknown()
    .refine((value) => value === undefined, {
      error: "is not supported: the module cannot do TLS yet (§2.1)",
      params: { rule: "not-supported" },
    })
    .optional()
    .meta({ not: {}, description: "Not supported by the module (§2.1)." }),
});

/** A command's name (`AT+CFUN`), or the beginning of one with `*` at its end (`AT+CG*`). */
const commandPattern = z
  .string()
  .regex(/^AT[!-~]{0,62}$/i, "must be a command's name such as AT+CFUN, or its beginning and *");

const subscriptionsSchema = z.array(z.strictObject({ topic: text.topicFilter, qos: qos.default(0) })).max(64);

/** What to do after the module gave up (§3.4). */
const recoverySchema = z.strictObject({
  reopenAfterS: wholeFrom({ min: 1, max: 86_400 }).default(60),
  backoff: z.number().min(1).max(10).default(2),
  maxReopens: wholeFrom({ min: 0, max: 1_000 }).default(5),
  thenRestart: z.boolean().default(true),
  // Without a default in the document: those that were resolved before the field came stay as they are.
  thenReopenPort: z
    .boolean()
    .optional()
    .meta({ description: "Close the serial port and open it anew as the last step; yes unless false." }),
});

const telemetrySchema = z.strictObject({ signalEveryS: wholeFrom({ min: 5, max: 86_400 }).default(60) });

/** Which AT commands a job may run on the device; an empty `allow` allows all that `deny` does not name. */
const atSchema = z.strictObject({
  allow: z.array(commandPattern).max(128).default([]),
  deny: z.array(commandPattern).max(128).default([]),
});

const shape = {
  mqtt: mqttSchema,
  subscriptions: subscriptionsSchema.default([]),
  recovery: recoverySchema.prefault({}),
  telemetry: telemetrySchema.prefault({}),
  at: atSchema.prefault({}),
};

/**
 * The configuration document that operators write; defaults are the manual's where it has one. Every rule that is
 * broken is reported at once, those between fields also when single fields are wrong.
 */
export const configDocumentSchema = z.strictObject(shape).superRefine(checking(brokenRules), { when: () => true });
export type ConfigDocument = z.infer<typeof configDocumentSchema>;
/** What an operator may send: all that has a default may be left out. */
export type ConfigDocumentInput = z.input<typeof configDocumentSchema>;

/**
 * Part of a document, as profiles and devices' own settings hold it: every field may be left out and none has a default.
 * Each rule is checked on what is there.
 */
export const configTemplateSchema = z
  .strictObject({
    mqtt: z.strictObject({ ...partOf(mqttSchema.shape), will: z.strictObject(partOf(willSchema.shape)).optional() }),
    subscriptions: subscriptionsSchema,
    recovery: z.strictObject(partOf(recoverySchema.shape)),
    telemetry: z.strictObject(partOf(telemetrySchema.shape)),
    at: z.strictObject(partOf(atSchema.shape)),
  })
  .partial()
  .superRefine(checking(brokenRulesOfPart), { when: () => true });
export type ConfigTemplate = z.infer<typeof configTemplateSchema>;

/** A JSON merge patch (RFC 7396) of the document: a member that is null is removed. */
export const configPatchSchema = z.record(z.string(), z.unknown());

/**
 * What a device's own settings may hold. It is checked as a whole together with the profiles below it, so that one answer
 * names all that is wrong: the schema here only documents.
 */
export const ownSettingsSchema = z
  .record(z.string(), z.unknown())
  .meta({ ...z.toJSONSchema(configTemplateSchema, { io: "input", target: "openapi-3.0", unrepresentable: "any" }) });

/** Where the value of a field comes from. */
export const configOriginSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("profile"), id: idSchema, name: z.string() }),
  z.object({ kind: z.literal("device") }),
  z.object({ kind: z.literal("default") }),
]);
export type ConfigOrigin = z.infer<typeof configOriginSchema>;
export const explainedFieldSchema = z.object({
  path: z.string(),
  value: z.unknown(),
  /** What the device gets, where the value holds placeholders. */
  filled: z.unknown().optional(),
  from: configOriginSchema,
});
export type ExplainedField = z.infer<typeof explainedFieldSchema>;

export const configQuerySchema = z.strictObject({
  /** Says of each value where it comes from. */
  explain: z.enum(["true", "false"]).optional(),
});

export const configStateSchema = z.object({
  version: z.number().int(),
  /** The document with its defaults; a password shows as `***`. */
  desired: configDocumentSchema.nullable(),
  reported: reportedConfigSchema.nullable(),
  status: configStatusSchema,
  reason: z.string().optional(),
  /** What the manual advises against, though it is accepted. */
  warnings: z.array(fieldErrorSchema).optional(),
  /** Why profiles and own settings make no valid document together; `desired` is the last valid one then. */
  errors: z.array(fieldErrorSchema).optional(),
  /** The device's own settings, which overlay its profiles; null where it has none. */
  own: z.record(z.string(), z.unknown()).nullable(),
  explain: z.array(explainedFieldSchema).optional(),
});
export type ConfigState = z.infer<typeof configStateSchema>;

function checking(rules: (document: unknown) => CrossFieldError[]) {
  return (document: unknown, context: z.core.$RefinementCtx): void => {
    for (const { path, rule, message } of rules(document))
      context.addIssue({ code: "custom", path, message, params: { rule } });
  };
}

type Part<S extends z.ZodRawShape> = {
  [K in keyof S]: z.ZodOptional<S[K] extends z.ZodDefault<infer T extends z.ZodType> ? T : S[K]>;
};

/** The same fields, none required and none with a default. */
function partOf<S extends z.ZodRawShape>(shape: S): Part<S> {
  const fields = Object.entries(shape).map(([name, field]) => [
    name,
    z.optional(field instanceof z.ZodDefault ? field.unwrap() : field),
  ]);
  return Object.fromEntries(fields) as Part<S>;
}
