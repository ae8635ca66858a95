import {
  type bindCertificateSchema,
  boundCertificateListSchema,
  checkedImportSchema,
  importedDevicesSchema,
  type deviceCountQuerySchema,
  deviceCountSchema,
  executionPageSchema,
  type ExecutionQuery,
  createdDeviceSchema,
  type createDeviceSchema,
  type changeLogLevelSchema,
  devicePageSchema,
  type DeviceQuery,
  deviceSchema,
  eventPageSchema,
  type EventQueryInput,
  outagePageSchema,
  type OutageQuery,
  fleetCountsSchema,
  intervalPageSchema,
  type IntervalQuery,
  jobSchema,
  linkSessionPageSchema,
  type linkSessionQuerySchema,
  tokenSchema,
  type updateDeviceSchema,
} from "@mn316-fleet/contracts";
import { z } from "zod";
import type { Transport } from "../transport/transport";
import { type Call, idempotency, segment } from "./call";

export const fleet = (transport: Transport) => ({
  counts: (call: Call = {}) => transport.request(fleetCountsSchema, "fleet/counts", call),
  /** How many devices a selector chooses now. */
  count: (body: z.input<typeof deviceCountQuerySchema>, call: Call = {}) =>
    transport.request(deviceCountSchema, "fleet/count", { method: "POST", body, ...call }),
});

interface ImportOptions extends Call {
  /** Answers what would be made, and makes nothing. */
  dryRun?: boolean;
  idempotencyKey?: string;
}

/** The register, and what is known of each device. */
export const devices = (transport: Transport) => {
  /** A short form of a job for one device. */
  const shortJob =
    (kind: string) =>
    (id: string, { idempotencyKey, ...call }: Call & { idempotencyKey?: string } = {}) =>
      transport.request(jobSchema, `devices/${segment(id)}/${kind}`, {
        method: "POST",
        headers: idempotency(idempotencyKey),
        ...call,
      });
  return {
    list: (query: Partial<DeviceQuery> = {}, call: Call = {}) =>
      transport.request(devicePageSchema, "devices", { query, ...call }),
    get: (id: string, call: Call = {}) => transport.request(deviceSchema, `devices/${segment(id)}`, call),
    create: (body: z.input<typeof createDeviceSchema>, call: Call = {}) =>
      transport.request(createdDeviceSchema, "devices", { method: "POST", body, ...call }),
    /**
     * Creates devices from a table with the columns name, imei, tags, timeZone: all of them or none. The answer holds their
     * tokens, which are shown this once.
     * @param csv up to 10,000 lines, tags separated by semicolons
     */
    import: (csv: string, { dryRun, idempotencyKey, ...call }: ImportOptions = {}) =>
      transport.request(z.union([checkedImportSchema, importedDevicesSchema]), "devices/import", {
        ...{ method: "POST", csv, query: { dryRun }, headers: idempotency(idempotencyKey) },
        ...call,
      }),
    update: (id: string, body: z.input<typeof updateDeviceSchema>, call: Call = {}) =>
      transport.request(deviceSchema, `devices/${segment(id)}`, { method: "PATCH", body, ...call }),
    delete: (id: string, call: Call = {}) =>
      transport.request(z.undefined(), `devices/${segment(id)}`, { method: "DELETE", ...call }),
    /** @param overlapS how long the former token still works, an hour unless given */
    rotateToken: (id: string, overlapS?: number, call: Call = {}) =>
      transport.request(tokenSchema, `devices/${segment(id)}/token`, { method: "POST", body: { overlapS }, ...call }),
    /** The certificates of which the device has to show one beside its token; none where it is not bound. */
    certificates: (id: string, call: Call = {}) =>
      transport.request(boundCertificateListSchema, `devices/${segment(id)}/certificate`, call),
    /** Binds the device to a certificate, by its fingerprint or as a whole; the former ones work on for the overlap. */
    bindCertificate: (id: string, body: z.input<typeof bindCertificateSchema>, call: Call = {}) =>
      transport.request(boundCertificateListSchema, `devices/${segment(id)}/certificate`, {
        ...{ method: "PUT", body },
        ...call,
      }),
    unbindCertificate: (id: string, call: Call = {}) =>
      transport.request(z.undefined(), `devices/${segment(id)}/certificate`, { method: "DELETE", ...call }),
    /** Another level of the agent's log for a while. */
    setLogLevel: (id: string, body: z.input<typeof changeLogLevelSchema>, call: Call = {}) =>
      transport.request(z.undefined(), `devices/${segment(id)}/log-level`, { method: "POST", body, ...call }),
    events: (id: string, query: Partial<EventQueryInput> = {}, call: Call = {}) =>
      transport.request(eventPageSchema, `devices/${segment(id)}/events`, { query, ...call }),
    intervals: (id: string, query: Partial<IntervalQuery> = {}, call: Call = {}) =>
      transport.request(intervalPageSchema, `devices/${segment(id)}/intervals`, { query, ...call }),
    linkSessions: (id: string, query: Partial<z.infer<typeof linkSessionQuerySchema>> = {}, call: Call = {}) =>
      transport.request(linkSessionPageSchema, `devices/${segment(id)}/link-sessions`, { query, ...call }),
    /** What was to be done on it, the newest first. */
    executions: (id: string, query: Partial<ExecutionQuery> = {}, call: Call = {}) =>
      transport.request(executionPageSchema, `devices/${segment(id)}/executions`, { query, ...call }),
    outages: (id: string, query: Partial<OutageQuery> = {}, call: Call = {}) =>
      transport.request(outagePageSchema, `devices/${segment(id)}/outages`, { query, ...call }),
    reconnect: shortJob("reconnect"),
    restart: shortJob("restart"),
    probe: shortJob("probe"),
  };
};
