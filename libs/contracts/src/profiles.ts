import { z } from "zod";
import { fieldErrorSchema, idSchema, pageOf, pageQueryShape, plainTextSchema, timeSchema } from "./common";
import { configTemplateSchema } from "./configuration";
import { CONFIG_STATUSES } from "./devices";
import { checkCriteria, selectorShape } from "./selector";

const { state: _state, online: _online, ...lastingCriteria } = selectorShape;
const refused = (why: string) =>
  z
    .unknown()
    .refine((value) => value === undefined, { error: why, params: { rule: "not-supported" } })
    .optional()
    .meta({ not: {}, description: why });

/** Which devices a profile is for. */
export const profileSelectorSchema = z
  .strictObject({
    ...lastingCriteria,
    state: refused("is changed by the configuration itself: a profile that hung on it would come and go"),
    online: refused("changes all the time: a profile that hung on it would come and go"),
  })
  .superRefine(checkCriteria);

const shape = {
  name: plainTextSchema.trim().min(1).max(128),
  description: plainTextSchema.max(1_024),
  selector: profileSelectorSchema,
  /** The higher one wins, field by field; of two equal ones that whose name comes first. */
  priority: z.number().int().min(-1_000_000).max(1_000_000),
  /** Part of a configuration document. The password is write-only: absent or `***` keeps the stored one, null removes it. */
  template: configTemplateSchema,
};

/** A profile as it is created, and as PUT replaces it. */
export const writeProfileSchema = z.strictObject({
  ...shape,
  description: shape.description.default(""),
  priority: shape.priority.default(0),
});
export type WriteProfile = z.infer<typeof writeProfileSchema>;
/** What a caller sends: all that has a default may be left out. */
export type WriteProfileInput = z.input<typeof writeProfileSchema>;

export const dryRunQuerySchema = z.strictObject({
  /** Answers what the write would do, and writes nothing. */
  dryRun: z.enum(["true", "false"]).optional(),
});
export type DryRunQuery = z.infer<typeof dryRunQuerySchema>;

/** What a write of a profile does to devices. */
export const profileEffectSchema = z.object({
  /** Devices that the selector chooses, before or after the write. */
  devices: z.number().int(),
  /** How many of them were looked at; the first ones, where there are too many for one answer. */
  examined: z.number().int(),
  /** Of these: get another configuration. */
  changed: z.number().int(),
  /** Of these: keep what they have, because the rules forbid what they would get. */
  rejected: z.number().int(),
  /** Some of the changed and of the rejected ones. */
  samples: z.array(
    z.object({
      deviceId: idSchema,
      name: z.string(),
      outcome: z.enum(["changed", "rejected"]),
      errors: z.array(fieldErrorSchema).optional(),
    }),
  ),
});
export type ProfileEffect = z.infer<typeof profileEffectSchema>;

export const profileSchema = z.object({
  id: idSchema,
  name: z.string(),
  description: z.string(),
  selector: z.record(z.string(), z.unknown()),
  priority: z.number().int(),
  /** A password shows as `***`. */
  template: z.record(z.string(), z.unknown()),
  version: z.number().int(),
  createdAt: timeSchema,
  updatedAt: timeSchema,
  updatedBy: z.string(),
});
export type Profile = z.infer<typeof profileSchema>;
export const profilePageSchema = pageOf(profileSchema);
export const profileQuerySchema = z.strictObject(pageQueryShape);
export type ProfileQuery = z.infer<typeof profileQuerySchema>;

/** With how far its devices are. */
export const profileDetailSchema = profileSchema.extend({
  devices: z.number().int(),
  counts: z.record(z.enum(CONFIG_STATUSES), z.number().int()),
});
export type ProfileDetail = z.infer<typeof profileDetailSchema>;

/** The profile as it was written, or would be (`dryRun`), and what that means for devices. */
export const writtenProfileSchema = profileSchema.extend({ effect: profileEffectSchema });
export type WrittenProfile = z.infer<typeof writtenProfileSchema>;
export const removedProfileSchema = z.object({ effect: profileEffectSchema });
export type RemovedProfile = z.infer<typeof removedProfileSchema>;
