import { z } from "zod";
import { idSchema, plainTextSchema, timeSchema } from "./common";
import { selectorSchema } from "./selector";

/** What a caller may do, each role all that the ones before it may: look, change devices, manage keys. */
export const ROLES = ["viewer", "operator", "admin"] as const;
export const roleSchema = z.enum(ROLES);
export type Role = z.infer<typeof roleSchema>;

export const createApiKeySchema = z
  .strictObject({
    name: plainTextSchema.trim().min(1).max(128),
    role: roleSchema,
    /** The devices that the key is limited to, as it chooses them at each request; the whole fleet unless given. */
    selector: selectorSchema.optional(),
    /** The key stops working then; without it, it lives until it is deleted. */
    expiresAt: timeSchema
      .refine((time) => Date.parse(time) > Date.now(), { error: "must be in the future", params: { rule: "future" } })
      .optional(),
  })
  .refine(({ role, selector }) => role !== "admin" || selector === undefined, {
    error: "cannot limit an admin, who could make another key",
    path: ["selector"],
    params: { rule: "not-for-admins" },
  });
export type CreateApiKey = z.infer<typeof createApiKeySchema>;

/** The key itself is shown this once. */
export const createdApiKeySchema = z.object({ id: idSchema, key: z.string() });
export type CreatedApiKey = z.infer<typeof createdApiKeySchema>;

export const apiKeySchema = z.object({
  id: idSchema,
  name: z.string(),
  role: roleSchema,
  selector: selectorSchema.nullable(),
  createdAt: timeSchema,
  expiresAt: timeSchema.nullable(),
  lastUsedAt: timeSchema.nullable(),
});
export type ApiKey = z.infer<typeof apiKeySchema>;
export const apiKeyListSchema = z.object({ items: z.array(apiKeySchema), next: z.null() });
