import { z } from "zod";
import { ROLES, roleSchema } from "./api-keys";
import { idSchema, timeSchema } from "./common";

/** A header that a page of another origin cannot send: what changes something with a cookie must carry it. */
export const CSRF_HEADER = "x-fleet-request";

/** As people write their names: case does not count. */
export const userNameSchema = z
  .string()
  .trim()
  .toLowerCase()
  .regex(
    /^[a-z\d][a-z\d._@-]{0,63}$/,
    "must be 1 to 64 letters, digits, '.', '_', '@' or '-', a letter or digit first",
  );

/** Long enough not to be guessed from without; more rules make people write them down. */
export const newPasswordSchema = z.string().min(12).max(256);
const givenPasswordSchema = z.string().min(1).max(256);

export const createUserSchema = z.strictObject({ name: userNameSchema, role: roleSchema, password: newPasswordSchema });
export type CreateUser = z.infer<typeof createUserSchema>;

/** Another role holds at once; another password ends all sessions. */
export const updateUserSchema = z.strictObject({
  role: roleSchema.optional(),
  password: newPasswordSchema.optional(),
});
export type UpdateUser = z.infer<typeof updateUserSchema>;

export const userSchema = z.object({
  id: idSchema,
  name: z.string(),
  role: roleSchema,
  createdAt: timeSchema,
  passwordChangedAt: timeSchema,
  signedInAt: timeSchema.nullable(),
});
export type User = z.infer<typeof userSchema>;
export const userListSchema = z.object({ items: z.array(userSchema), next: z.null() });

export const signInSchema = z.strictObject({ name: z.string().min(1).max(128), password: givenPasswordSchema });
export type SignIn = z.infer<typeof signInSchema>;

export const changePasswordSchema = z.strictObject({
  currentPassword: givenPasswordSchema,
  password: newPasswordSchema,
});
export type ChangePassword = z.infer<typeof changePasswordSchema>;

/** Who the caller is; `expiresAt` is when a session ends at the latest, null for a key. */
export const sessionSchema = z.object({
  kind: z.enum(["api-key", "user"]),
  name: z.string(),
  role: z.enum(ROLES),
  expiresAt: timeSchema.nullable(),
});
export type Session = z.infer<typeof sessionSchema>;
