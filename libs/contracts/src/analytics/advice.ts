import { LIMITS } from "@mn316-fleet/manual";
import { z } from "zod";
import { idSchema, plainTextSchema, timeSchema } from "../common";
import { profileEffectSchema, profileSelectorSchema, writeProfileSchema } from "../profiles";
import { answerShape, countSchema, limitSchema, questionShape } from "./question";

/** What advice there is. The dashboard has texts of its own by these names. */
export const ADVICE_KINDS = [
  "ack-timeout-not-below-keep-alive",
  "acknowledgements-late",
  "losses-noticed-late",
  "pings-without-need",
  "connect-timeouts-weak-signal",
  "connect-timeouts-good-signal",
  "publish-timeouts",
  "reopened-in-vain",
] as const;
export const adviceKindSchema = z.enum(ADVICE_KINDS);
export type AdviceKind = z.infer<typeof adviceKindSchema>;

/** Something said: by its name and numbers, to be said in any language, and in English. */
const statementSchema = z.object({
  code: z.string(),
  parameters: z.record(z.string(), z.union([z.number(), z.string()])),
  text: z.string(),
});

const wholeFrom = ({ min, max }: { min: number; max: number }) => z.number().int().min(min).max(max);
/** Part of a configuration document: the settings that advice is about. */
export const adviceChangeSchema = z.strictObject({
  mqtt: z
    .strictObject({ keepAliveS: wholeFrom(LIMITS.keepAliveS), ackTimeoutS: wholeFrom(LIMITS.ackTimeoutS) })
    .partial()
    .optional(),
  recovery: z
    .strictObject({ reopenAfterS: wholeFrom({ min: 1, max: 86_400 }), backoff: z.number().min(1).max(10) })
    .partial()
    .optional(),
});
export type AdviceChange = z.infer<typeof adviceChangeSchema>;

export const adviceSchema = z.object({
  /** The same as long as kind, device and change are. */
  id: z.string(),
  kind: adviceKindSchema,
  deviceId: idSchema,
  name: z.string(),
  /** `warning`: connections are lost, or losses are not noticed; `hint`: it could be better. */
  severity: z.enum(["warning", "hint"]),
  finding: statementSchema,
  /** What it rests on; each count is that of the named endpoint for this device and these hours. */
  evidence: z.object({
    /** Whole hours since the settings are what they are. */
    from: timeSchema,
    to: timeSchema,
    settings: z.object({
      keepAliveS: countSchema,
      ackTimeoutS: countSchema,
      reopenAfterS: z.number(),
      configVersion: countSchema,
    }),
    figures: z.array(z.object({ name: z.string(), value: z.number(), endpoint: z.string() })),
  }),
  effect: statementSchema,
  /** What to change; null where no setting helps. */
  change: adviceChangeSchema.nullable(),
});
export type Advice = z.infer<typeof adviceSchema>;

export const adviceQuerySchema = z.strictObject({
  ...questionShape,
  limit: limitSchema,
  kind: adviceKindSchema.optional(),
});
export type AdviceQuery = z.infer<typeof adviceQuerySchema>;
export const advicesSchema = z.object({
  ...answerShape,
  /** How many pieces of advice there are. */
  total: countSchema,
  /** Warnings first, then those with the most events behind them. */
  rows: z.array(adviceSchema),
});
export type Advices = z.infer<typeof advicesSchema>;

export const adviceDraftSchema = z
  .strictObject({
    /** Whom the profile is for; either these devices … */
    deviceIds: z.array(idSchema).min(1).max(1_000).optional(),
    /** … or those that this chooses. */
    selector: profileSelectorSchema.optional(),
    name: plainTextSchema.trim().min(1).max(128).optional(),
    /** Advice whose changes are to be made together. */
    advice: z
      .array(z.strictObject({ kind: adviceKindSchema, change: adviceChangeSchema }))
      .min(1)
      .max(ADVICE_KINDS.length),
  })
  .superRefine(({ deviceIds, selector }, context) => {
    if ((deviceIds === undefined) === (selector === undefined))
      context.addIssue({
        code: "custom",
        path: ["deviceIds"],
        message: "either `deviceIds` or `selector` must say whom it is for",
        params: { rule: "either-or" },
      });
  });
export type AdviceDraft = z.infer<typeof adviceDraftSchema>;
export const draftedProfileSchema = z.object({
  /** What `POST /api/v1/profiles` takes. Nothing is stored, and no device gets anything, before that is sent. */
  profile: writeProfileSchema,
  /** What that would do. */
  effect: profileEffectSchema,
});
export type DraftedProfile = z.infer<typeof draftedProfileSchema>;
