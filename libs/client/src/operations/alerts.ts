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
  type WriteAlertRuleInput,
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
