import {
  type AuditExportQuery,
  auditPageSchema,
  type AuditQuery,
  type ChangePassword,
  type CreateFleet,
  createdFleetSchema,
  type CreateUser,
  fleetListSchema,
  fleetSchema,
  type RenameFleet,
  type UpdateUser,
  userListSchema,
  userSchema,
  sessionSchema,
  type SignIn,
  signInElsewhereSchema,
  signInProviderSchema,
  apiKeyListSchema,
  createdApiKeySchema,
  createdEnrollmentKeySchema,
  type createApiKeySchema,
  type createEnrollmentKeySchema,
  enrollmentKeyListSchema,
} from "@mn316-fleet/contracts";
import { z } from "zod";
import type { Transport } from "../transport/transport";
import { type Call, idempotency, segment } from "./call";

/** Who may call the API. */
export const apiKeys = (transport: Transport) => ({
  list: (call: Call = {}) => transport.request(apiKeyListSchema, "api-keys", call),
  /** The answer holds the key, which is shown this once. */
  create: (body: z.input<typeof createApiKeySchema>, call: Call = {}) =>
    transport.request(createdApiKeySchema, "api-keys", { method: "POST", body, ...call }),
  delete: (id: string, call: Call = {}) =>
    transport.request(z.undefined(), `api-keys/${segment(id)}`, { method: "DELETE", ...call }),
});

/** Keys by which agents create their own devices. */
export const enrollmentKeys = (transport: Transport) => ({
  list: (call: Call = {}) => transport.request(enrollmentKeyListSchema, "enrollment-keys", call),
  /** The answer holds the key, which is shown this once. */
  create: (body: z.input<typeof createEnrollmentKeySchema>, call: Call = {}) =>
    transport.request(createdEnrollmentKeySchema, "enrollment-keys", { method: "POST", body, ...call }),
  delete: (id: string, call: Call = {}) =>
    transport.request(z.undefined(), `enrollment-keys/${segment(id)}`, { method: "DELETE", ...call }),
});

/** A person at a browser, which keeps the session as a cookie. */
export const session = (transport: Transport) => ({
  signIn: (body: SignIn, call: Call = {}) =>
    transport.request(sessionSchema, "session", { method: "POST", body, ...call }),
  get: (call: Call = {}) => transport.request(sessionSchema, "session", call),
  /** Where people may sign in besides their passwords. */
  provider: (call: Call = {}) => transport.request(signInProviderSchema, "session/oidc", call),
  /** Begins a sign-in at the provider. The answer says where the browser goes now. */
  beginElsewhere: (call: Call = {}) =>
    transport.request(signInElsewhereSchema, "session/oidc", { method: "POST", ...call }),
  /** Of the one who is signed in; ends all other sessions. */
  changePassword: (body: ChangePassword, call: Call = {}) =>
    transport.request(z.undefined(), "session/password", { method: "PUT", body, ...call }),
  signOut: (call: Call = {}) => transport.request(z.undefined(), "session", { method: "DELETE", ...call }),
});

/** The tenants of the installation; for admins of its host. */
export const fleets = (transport: Transport) => ({
  list: (call: Call = {}) => transport.request(fleetListSchema, "fleets", call),
  /** The answer holds the fleet's first admin key, which is shown this once. */
  create: (body: CreateFleet, call: Call = {}) =>
    transport.request(createdFleetSchema, "fleets", { method: "POST", body, ...call }),
  rename: (id: string, body: RenameFleet, call: Call = {}) =>
    transport.request(fleetSchema, `fleets/${segment(id)}`, { method: "PATCH", body, ...call }),
  delete: (id: string, call: Call = {}) =>
    transport.request(z.undefined(), `fleets/${segment(id)}`, { method: "DELETE", ...call }),
});

/** People who may sign in. */
export const users = (transport: Transport) => ({
  list: (call: Call = {}) => transport.request(userListSchema, "users", call),
  create: (body: CreateUser, idempotencyKey?: string, call: Call = {}) =>
    transport.request(userSchema, "users", {
      ...{ method: "POST", body, headers: idempotency(idempotencyKey) },
      ...call,
    }),
  update: (id: string, body: UpdateUser, call: Call = {}) =>
    transport.request(userSchema, `users/${segment(id)}`, { method: "PATCH", body, ...call }),
  delete: (id: string, call: Call = {}) =>
    transport.request(z.undefined(), `users/${segment(id)}`, { method: "DELETE", ...call }),
});

/** Who did what. */
export const audit = (transport: Transport) => ({
  list: (query: Partial<AuditQuery> = {}, call: Call = {}) =>
    transport.request(auditPageSchema, "audit", { query, ...call }),
  /** All of it as a file, NDJSON unless CSV is asked for. */
  export: (query: Partial<AuditExportQuery> = {}, call: Call = {}) =>
    transport.stream("audit/export", { query, ...call }),
});
