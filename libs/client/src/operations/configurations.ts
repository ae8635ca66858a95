import {
  configStateSchema,
  configVersionDetailSchema,
  configVersionPageSchema,
  type ConfigVersionQuery,
  profileDetailSchema,
  profilePageSchema,
  type ProfileQuery,
  removedProfileSchema,
  type WriteProfileInput,
  writtenProfileSchema,
} from "@mn316-fleet/contracts";
import type { Transport } from "../transport/transport";
import { type Call, ifMatch, segment, type WriteOptions, writing } from "./call";

/** What a device is to be configured with, and how far it is. */
export const config = (transport: Transport) => ({
  get: (id: string, call: Call & { explain?: boolean } = {}) => {
    const { explain, signal } = call;
    return transport.request(configStateSchema, `devices/${segment(id)}/config`, { query: { explain }, signal });
  },
  /** @param version the one that was seen; without it the write is unconditional */
  put: (id: string, body: object, version?: number, call: Call = {}) =>
    transport.request(configStateSchema, `devices/${segment(id)}/config`, {
      method: "PUT",
      body,
      headers: ifMatch(version),
      ...call,
    }),
  /** Merges into the device's own settings (RFC 7396): null removes a field. */
  patch: (id: string, body: object, version?: number, call: Call = {}) =>
    transport.request(configStateSchema, `devices/${segment(id)}/config`, {
      method: "PATCH",
      body,
      headers: ifMatch(version),
      ...call,
    }),
  /** Removes the device's own settings. */
  delete: (id: string, version?: number, call: Call = {}) =>
    transport.request(configStateSchema, `devices/${segment(id)}/config`, {
      method: "DELETE",
      headers: ifMatch(version),
      ...call,
    }),
});

export const configVersions = (transport: Transport) => ({
  list: (id: string, query: Partial<ConfigVersionQuery> = {}, call: Call = {}) =>
    transport.request(configVersionPageSchema, `devices/${segment(id)}/config/versions`, { query, ...call }),
  get: (id: string, version: number, call: Call = {}) =>
    transport.request(configVersionDetailSchema, `devices/${segment(id)}/config/versions/${segment(version)}`, call),
  /** Makes that version's document the device's own settings. @param seen the version that was seen */
  revert: (id: string, version: number, seen?: number, call: Call = {}) =>
    transport.request(configStateSchema, `devices/${segment(id)}/config/versions/${segment(version)}/revert`, {
      method: "POST",
      headers: ifMatch(seen),
      ...call,
    }),
});

/** Layers of configuration for many devices. */
export const profiles = (transport: Transport) => ({
  list: (query: Partial<ProfileQuery> = {}, call: Call = {}) =>
    transport.request(profilePageSchema, "profiles", { query, ...call }),
  get: (id: string, call: Call = {}) => transport.request(profileDetailSchema, `profiles/${segment(id)}`, call),
  create: (body: WriteProfileInput, how: WriteOptions = {}) =>
    transport.request(writtenProfileSchema, "profiles", { method: "POST", body, ...writing(how) }),
  put: (id: string, body: WriteProfileInput, how: WriteOptions = {}) =>
    transport.request(writtenProfileSchema, `profiles/${segment(id)}`, { method: "PUT", body, ...writing(how) }),
  patch: (id: string, body: object, how: WriteOptions = {}) =>
    transport.request(writtenProfileSchema, `profiles/${segment(id)}`, { method: "PATCH", body, ...writing(how) }),
  delete: (id: string, how: WriteOptions = {}) =>
    transport.request(removedProfileSchema, `profiles/${segment(id)}`, { method: "DELETE", ...writing(how) }),
});
