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
  /** Of the OpenID provider that they sign in at, and whose claims say their role; null for who has a password here. */
  issuer: z.string().nullable(),
  /** null where a provider keeps the password. */
  passwordChangedAt: timeSchema.nullable(),
  signedInAt: timeSchema.nullable(),
});
export type User = z.infer<typeof userSchema>;
export const userListSchema = z.object({ items: z.array(userSchema), next: z.null() });

/** People of another fleet than the host put its name first: `north/ann`. */
export const signInSchema = z.strictObject({ name: z.string().min(1).max(128), password: givenPasswordSchema });
export type SignIn = z.infer<typeof signInSchema>;

/** Where people may sign in besides their passwords; null where nowhere. */
export const signInProviderSchema = z.object({ host: z.string().nullable() });
/** Where the browser goes to sign in. */
export const signInElsewhereSchema = z.object({ url: z.url() });
/** What the dashboard's address ends with when a browser comes back from the provider: `#signed-in`, or `#sign-in=` and one of these. */
export const SIGN_IN_FAILURES = ["provider", "refused", "no-role"] as const;
export type SignInFailure = (typeof SIGN_IN_FAILURES)[number];

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
  /** The name of the fleet that they belong to; they see nothing of another one. */
  fleet: z.string(),
  /** Of the fleet that runs the installation. */
  isHost: z.boolean(),
  expiresAt: timeSchema.nullable(),
});
export type Session = z.infer<typeof sessionSchema>;
