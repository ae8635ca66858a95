import {
  alertChannelPageSchema,
  type AlertChannelQuery,
  alertChannelSchema,
  alertDetailSchema,
  alertDevicePageSchema,
  type AlertDeviceQuery,
  alertPageSchema,
  type AlertQuery,
  alertRulePageSchema,
  type AlertRuleQuery,
  alertRuleSchema,
  alertSchema,
  channelTestSchema,
  type createSilenceSchema,
  notificationPageSchema,
  type NotificationQuery,
  notificationSchema,
  silencePageSchema,
  type SilenceQuery,
  silenceSchema,
  type writeAlertChannelSchema,
  type WriteAlertRuleInput,
  writtenAlertChannelSchema,
} from "@mn316-fleet/contracts";
import { z } from "zod";
import type { Transport } from "../transport/transport";
import { type Call, idempotency, ifMatch, segment } from "./call";

/** What is or was wrong, and who has taken it on. */
export const alerts = (transport: Transport) => ({
  list: (query: Partial<AlertQuery> = {}, call: Call = {}) =>
    transport.request(alertPageSchema, "alerts", { query, ...call }),
  get: (id: string, call: Call = {}) => transport.request(alertDetailSchema, `alerts/${segment(id)}`, call),
  devices: (id: string, query: Partial<AlertDeviceQuery> = {}, call: Call = {}) =>
    transport.request(alertDevicePageSchema, `alerts/${segment(id)}/devices`, { query, ...call }),
  acknowledge: (id: string, note?: string, call: Call = {}) =>
    transport.request(alertSchema, `alerts/${segment(id)}/acknowledge`, { method: "POST", body: { note }, ...call }),
});

/** What is watched for. */
export const alertRules = (transport: Transport) => ({
  list: (query: Partial<AlertRuleQuery> = {}, call: Call = {}) =>
    transport.request(alertRulePageSchema, "alert-rules", { query, ...call }),
  get: (id: string, call: Call = {}) => transport.request(alertRuleSchema, `alert-rules/${segment(id)}`, call),
  create: (body: WriteAlertRuleInput, idempotencyKey?: string, call: Call = {}) =>
    transport.request(alertRuleSchema, "alert-rules", {
      ...{ method: "POST", body, headers: idempotency(idempotencyKey) },
      ...call,
    }),
  /** @param version the one that was seen; without it the write is unconditional */
  put: (id: string, body: WriteAlertRuleInput, version?: number, call: Call = {}) =>
    transport.request(alertRuleSchema, `alert-rules/${segment(id)}`, {
      ...{ method: "PUT", body, headers: ifMatch(version) },
      ...call,
    }),
  delete: (id: string, version?: number, call: Call = {}) =>
    transport.request(z.undefined(), `alert-rules/${segment(id)}`, {
      ...{ method: "DELETE", headers: ifMatch(version) },
      ...call,
    }),
});

/** Where alerts are told. */
export const alertChannels = (transport: Transport) => ({
  list: (query: Partial<AlertChannelQuery> = {}, call: Call = {}) =>
    transport.request(alertChannelPageSchema, "alert-channels", { query, ...call }),
  get: (id: string, call: Call = {}) => transport.request(alertChannelSchema, `alert-channels/${segment(id)}`, call),
  /** The answer holds the secret that webhooks are signed with, where the server made it: shown this once. */
  create: (body: z.input<typeof writeAlertChannelSchema>, idempotencyKey?: string, call: Call = {}) =>
    transport.request(writtenAlertChannelSchema, "alert-channels", {
      ...{ method: "POST", body, headers: idempotency(idempotencyKey) },
      ...call,
    }),
  put: (id: string, body: z.input<typeof writeAlertChannelSchema>, version?: number, call: Call = {}) =>
    transport.request(writtenAlertChannelSchema, `alert-channels/${segment(id)}`, {
      ...{ method: "PUT", body, headers: ifMatch(version) },
      ...call,
    }),
  delete: (id: string, version?: number, call: Call = {}) =>
    transport.request(z.undefined(), `alert-channels/${segment(id)}`, {
      ...{ method: "DELETE", headers: ifMatch(version) },
      ...call,
    }),
  /** Sends a test, and tells what became of it. */
  test: (id: string, call: Call = {}) =>
    transport.request(channelTestSchema, `alert-channels/${segment(id)}/test`, { method: "POST", ...call }),
});

/** Who need not be told for a while. */
export const silences = (transport: Transport) => ({
  list: (query: Partial<SilenceQuery> = {}, call: Call = {}) =>
    transport.request(silencePageSchema, "silences", { query, ...call }),
  get: (id: string, call: Call = {}) => transport.request(silenceSchema, `silences/${segment(id)}`, call),
  create: (body: z.input<typeof createSilenceSchema>, idempotencyKey?: string, call: Call = {}) =>
    transport.request(silenceSchema, "silences", {
      ...{ method: "POST", body, headers: idempotency(idempotencyKey) },
      ...call,
    }),
  delete: (id: string, call: Call = {}) =>
    transport.request(z.undefined(), `silences/${segment(id)}`, { method: "DELETE", ...call }),
});

/** What was to be told, and whether it arrived. */
export const notifications = (transport: Transport) => ({
  list: (query: Partial<NotificationQuery> = {}, call: Call = {}) =>
    transport.request(notificationPageSchema, "notifications", { query, ...call }),
  get: (id: string, call: Call = {}) => transport.request(notificationSchema, `notifications/${segment(id)}`, call),
  retry: (id: string, call: Call = {}) =>
    transport.request(notificationSchema, `notifications/${segment(id)}/retry`, { method: "POST", ...call }),
});
