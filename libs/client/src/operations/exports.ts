import {
  type createEventStreamSchema,
  eventStreamListSchema,
  eventStreamSchema,
  type EventExportQuery,
  type ExportQuery,
  type IntervalExportQuery,
  type RollupName,
  type SeekEventStream,
  type UpdateEventStream,
} from "@mn316-fleet/contracts";
import { z } from "zod";
import type { Transport } from "../transport/transport";
import { type Call, idempotency, segment } from "./call";

/** Tables as files; each answer is a stream that its reader paces, and that breaks off where the server fails half-way. */
export const exports = (transport: Transport) => {
  const file =
    <Q extends object>(name: string) =>
    (query: Partial<Q> = {}, call: Call = {}) =>
      transport.stream(`export/${name}`, { query, ...call });
  return {
    devices: file<ExportQuery>("devices"),
    events: file<EventExportQuery>("events"),
    intervals: file<IntervalExportQuery>("intervals"),
    linkSessions: file<ExportQuery>("link-sessions"),
    rollup: (name: RollupName, query: Partial<ExportQuery> = {}, call: Call = {}) =>
      file<ExportQuery>(`rollups/${segment(name)}`)(query, call),
  };
};

/** Events that are pushed to other systems. */
export const eventStreams = (transport: Transport) => {
  const control =
    (verb: string) =>
    (id: string, call: Call = {}) =>
      transport.request(eventStreamSchema, `event-streams/${segment(id)}/${verb}`, { method: "POST", ...call });
  return {
    list: (call: Call = {}) => transport.request(eventStreamListSchema, "event-streams", call),
    get: (id: string, call: Call = {}) => transport.request(eventStreamSchema, `event-streams/${segment(id)}`, call),
    create: (body: z.input<typeof createEventStreamSchema>, idempotencyKey?: string, call: Call = {}) =>
      transport.request(eventStreamSchema, "event-streams", {
        ...{ method: "POST", body, headers: idempotency(idempotencyKey) },
        ...call,
      }),
    update: (id: string, body: UpdateEventStream, call: Call = {}) =>
      transport.request(eventStreamSchema, `event-streams/${segment(id)}`, { method: "PATCH", body, ...call }),
    delete: (id: string, call: Call = {}) =>
      transport.request(z.undefined(), `event-streams/${segment(id)}`, { method: "DELETE", ...call }),
    pause: control("pause"),
    resume: control("resume"),
    /** Goes on elsewhere: at the beginning, now, or at a time. */
    seek: (id: string, to: SeekEventStream["to"], call: Call = {}) =>
      transport.request(eventStreamSchema, `event-streams/${segment(id)}/seek`, {
        ...{ method: "POST", body: { to } },
        ...call,
      }),
  };
};
