import { z } from "zod";
import { idSchema, pageOf, pageQueryShape, timeSchema } from "./common";
import { configDocumentSchema } from "./configuration";

/** What made a version: a write of the device's own settings, their removal, a profile, another IMEI or tag, a revert. */
export const CONFIG_SOURCES = ["device", "removed", "profile", "register", "revert"] as const;
export type ConfigSource = (typeof CONFIG_SOURCES)[number];

/** One field that differs from the version before; a password shows as `***`. A side that has no value is left out. */
export const configChangeSchema = z.object({
  path: z.string(),
  from: z.unknown().optional(),
  to: z.unknown().optional(),
});
export type ConfigChange = z.infer<typeof configChangeSchema>;

/** A version of a device's resolved configuration. */
export const configVersionSchema = z.object({
  version: z.number().int(),
  at: timeSchema,
  /** Name of the caller that caused it; `fleet` where none did. */
  author: z.string(),
  source: z.object({
    kind: z.enum(CONFIG_SOURCES),
    /** The profile. */
    id: idSchema.optional(),
    name: z.string().optional(),
    /** The version that was returned to. */
    version: z.number().int().optional(),
  }),
  changes: z.array(configChangeSchema),
});
export type ConfigVersion = z.infer<typeof configVersionSchema>;
export const configVersionPageSchema = pageOf(configVersionSchema);
export const configVersionQuerySchema = z.strictObject(pageQueryShape);
export type ConfigVersionQuery = z.infer<typeof configVersionQuerySchema>;

/** With the whole document; null where nothing asked for any. */
export const configVersionDetailSchema = configVersionSchema.extend({ document: configDocumentSchema.nullable() });
export type ConfigVersionDetail = z.infer<typeof configVersionDetailSchema>;

export const versionParamsSchema = z.strictObject({
  id: idSchema,
  version: z.coerce.number().int().min(1).max(2_147_483_647),
});
