import { z } from "zod";
import { idSchema, timeSchema } from "./common";

export const createEnrollmentKeySchema = z.strictObject({
  name: z.string().trim().min(1).max(128),
  /** How many devices it may make; any number unless given. */
  maxUses: z.number().int().min(1).max(1_000_000).optional(),
  /** It stops working then; without it, it lives until it is deleted. */
  expiresAt: timeSchema
    .refine((time) => Date.parse(time) > Date.now(), { error: "must be in the future", params: { rule: "future" } })
    .optional(),
  /** The IMEIs that it is for: digits, `?` for any one and `*` for any number of them. */
  imeiPattern: z
    .string()
    .regex(/^[\d?*]{1,15}$/, "must be up to 15 digits, '?' or '*'")
    .optional(),
});
export type CreateEnrollmentKey = z.infer<typeof createEnrollmentKeySchema>;

/** The key itself is shown this once. */
export const createdEnrollmentKeySchema = z.object({ id: idSchema, key: z.string() });
export type CreatedEnrollmentKey = z.infer<typeof createdEnrollmentKeySchema>;

export const enrollmentKeySchema = z.object({
  id: idSchema,
  name: z.string(),
  maxUses: z.number().int().nullable(),
  uses: z.number().int(),
  expiresAt: timeSchema.nullable(),
  imeiPattern: z.string().nullable(),
  createdAt: timeSchema,
  createdBy: z.string(),
  lastUsedAt: timeSchema.nullable(),
});
export type EnrollmentKey = z.infer<typeof enrollmentKeySchema>;
export const enrollmentKeyListSchema = z.object({ items: z.array(enrollmentKeySchema), next: z.null() });

/** What an agent sends that has no token yet. */
export const enrollSchema = z.strictObject({
  key: z.string().min(1).max(256),
  imei: z.string().regex(/^\d{15}$/, "must be 15 digits"),
  /** The device's name; its IMEI unless given. */
  name: z.string().trim().min(1).max(128).optional(),
});
export type Enroll = z.infer<typeof enrollSchema>;
export const enrolledSchema = z.object({ deviceId: idSchema, token: z.string() });
export type Enrolled = z.infer<typeof enrolledSchema>;
