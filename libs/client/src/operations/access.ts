import {
  sessionSchema,
  type SignIn,
  apiKeyListSchema,
  createdApiKeySchema,
  createdEnrollmentKeySchema,
  type createApiKeySchema,
  type createEnrollmentKeySchema,
  enrollmentKeyListSchema,
} from "@mn316-fleet/contracts";
import { z } from "zod";
import type { Transport } from "../transport/transport";
import { type Call, segment } from "./call";

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
  signOut: (call: Call = {}) => transport.request(z.undefined(), "session", { method: "DELETE", ...call }),
});
