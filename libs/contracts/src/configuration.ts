import { LIMITS } from "@mn316-fleet/manual";
import { reportedConfigSchema } from "@mn316-fleet/protocol";
import { z } from "zod";
import { fieldErrorSchema } from "./common";
import { brokenRules } from "./configuration-rules";
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

const shape = {
  mqtt: mqttSchema,
  subscriptions: z
    .array(z.strictObject({ topic: text.topicFilter, qos: qos.default(0) }))
    .max(64)
    .default([]),
  /** What to do after the module gave up (§3.4). */
  recovery: z
    .strictObject({
      reopenAfterS: wholeFrom({ min: 1, max: 86_400 }).default(60),
      backoff: z.number().min(1).max(10).default(2),
      maxReopens: wholeFrom({ min: 0, max: 1_000 }).default(5),
      thenRestart: z.boolean().default(true),
    })
    .prefault({}),
  telemetry: z.strictObject({ signalEveryS: wholeFrom({ min: 5, max: 86_400 }).default(60) }).prefault({}),
  /** Which AT commands a job may run on the device; an empty `allow` allows all that `deny` does not name. */
  at: z
    .strictObject({
      allow: z.array(commandPattern).max(128).default([]),
      deny: z.array(commandPattern).max(128).default([]),
    })
    .prefault({}),
};

/**
 * The configuration document that operators write; defaults are the manual's where it has one. Every rule that is
 * broken is reported at once, those between fields also when single fields are wrong.
 */
export const configDocumentSchema = z.strictObject(shape).superRefine(
  (document, context) => {
    for (const { path, rule, message } of brokenRules(document))
      context.addIssue({ code: "custom", path, message, params: { rule } });
  },
  { when: () => true },
);
export type ConfigDocument = z.infer<typeof configDocumentSchema>;
/** What an operator may send: all that has a default may be left out. */
export type ConfigDocumentInput = z.input<typeof configDocumentSchema>;

/** A JSON merge patch (RFC 7396) of the document: a member that is null is removed. */
export const configPatchSchema = z.record(z.string(), z.unknown());

export const configStateSchema = z.object({
  version: z.number().int(),
  /** The document with its defaults; a password shows as `***`. */
  desired: configDocumentSchema.nullable(),
  reported: reportedConfigSchema.nullable(),
  status: configStatusSchema,
  reason: z.string().optional(),
  /** What the manual advises against, though it is accepted. */
  warnings: z.array(fieldErrorSchema).optional(),
});
export type ConfigState = z.infer<typeof configStateSchema>;
