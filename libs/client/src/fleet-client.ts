import {
  availabilitySchema,
  type AvailabilityQuery,
  configStateSchema,
  configVersionDetailSchema,
  configVersionPageSchema,
  type ConfigVersionQuery,
  createdDeviceSchema,
  type createDeviceSchema,
  type CreateJobInput,
  devicePageSchema,
  type DeviceQuery,
  deviceSchema,
  eventPageSchema,
  type EventQuery,
  executionPageSchema,
  type ExecutionQuery,
  fleetCountsSchema,
  intervalPageSchema,
  type IntervalQuery,
  jobPageSchema,
  type JobQuery,
  jobSchema,
  type LiveEvent,
  profileDetailSchema,
  profilePageSchema,
  type ProfileQuery,
  removedProfileSchema,
  rehearsalSchema,
  timeoutsSchema,
  type TimeoutsQuery,
  tokenSchema,
  type updateDeviceSchema,
  type WriteProfileInput,
  writtenProfileSchema,
} from "@mn316-fleet/contracts";
import { z } from "zod";
import { liveEvents, type LiveOptions } from "./live";
import { type ClientOptions, Transport } from "./transport";

interface WriteOptions {
  /** The version that was seen; without it the write is unconditional. */
  version?: number;
  /** Answers what the write would do, and writes nothing. */
  dryRun?: boolean;
}

interface Call {
  signal?: AbortSignal | undefined;
}

/** The REST API, typed by the schemas that the server validates with. Times are ISO 8601 in UTC. */
export class FleetClient {
  private readonly transport: Transport;

  constructor(options: ClientOptions) {
    this.transport = new Transport(options);
  }

  readonly fleet = {
    counts: (call: Call = {}) => this.transport.request(fleetCountsSchema, "fleet/counts", call),
  };

  readonly devices = {
    list: (query: Partial<DeviceQuery> = {}, call: Call = {}) =>
      this.transport.request(devicePageSchema, "devices", { query, ...call }),
    get: (id: string, call: Call = {}) => this.transport.request(deviceSchema, `devices/${id}`, call),
    create: (body: z.input<typeof createDeviceSchema>) =>
      this.transport.request(createdDeviceSchema, "devices", { method: "POST", body }),
    update: (id: string, body: z.input<typeof updateDeviceSchema>) =>
      this.transport.request(deviceSchema, `devices/${id}`, { method: "PATCH", body }),
    delete: (id: string) => this.transport.request(z.undefined(), `devices/${id}`, { method: "DELETE" }),
    rotateToken: (id: string, overlapS?: number) =>
      this.transport.request(tokenSchema, `devices/${id}/token`, { method: "POST", body: { overlapS } }),
    events: (id: string, query: Partial<EventQuery> = {}, call: Call = {}) =>
      this.transport.request(eventPageSchema, `devices/${id}/events`, { query, ...call }),
    intervals: (id: string, query: Partial<IntervalQuery> = {}, call: Call = {}) =>
      this.transport.request(intervalPageSchema, `devices/${id}/intervals`, { query, ...call }),
    reconnect: (id: string) => this.transport.request(jobSchema, `devices/${id}/reconnect`, { method: "POST" }),
    restart: (id: string) => this.transport.request(jobSchema, `devices/${id}/restart`, { method: "POST" }),
    probe: (id: string) => this.transport.request(jobSchema, `devices/${id}/probe`, { method: "POST" }),
  };

  readonly config = {
    get: (id: string, call: Call & { explain?: boolean } = {}) => {
      const { explain, signal } = call;
      return this.transport.request(configStateSchema, `devices/${id}/config`, { query: { explain }, signal });
    },
    /** @param version the one that was seen; without it the write is unconditional */
    put: (id: string, body: object, version?: number) =>
      this.transport.request(configStateSchema, `devices/${id}/config`, {
        method: "PUT",
        body,
        headers: ifMatch(version),
      }),
    patch: (id: string, body: object, version?: number) =>
      this.transport.request(configStateSchema, `devices/${id}/config`, {
        method: "PATCH",
        body,
        headers: ifMatch(version),
      }),
    /** Removes the device's own settings. */
    delete: (id: string, version?: number) =>
      this.transport.request(configStateSchema, `devices/${id}/config`, {
        method: "DELETE",
        headers: ifMatch(version),
      }),
  };

  readonly configVersions = {
    list: (id: string, query: Partial<ConfigVersionQuery> = {}, call: Call = {}) =>
      this.transport.request(configVersionPageSchema, `devices/${id}/config/versions`, { query, ...call }),
    get: (id: string, version: number, call: Call = {}) =>
      this.transport.request(configVersionDetailSchema, `devices/${id}/config/versions/${version}`, call),
    /** Makes that version's document the device's own settings. @param seen the version that was seen */
    revert: (id: string, version: number, seen?: number) =>
      this.transport.request(configStateSchema, `devices/${id}/config/versions/${version}/revert`, {
        method: "POST",
        headers: ifMatch(seen),
      }),
  };

  readonly profiles = {
    list: (query: Partial<ProfileQuery> = {}, call: Call = {}) =>
      this.transport.request(profilePageSchema, "profiles", { query, ...call }),
    get: (id: string, call: Call = {}) => this.transport.request(profileDetailSchema, `profiles/${id}`, call),
    create: (body: WriteProfileInput, how: WriteOptions = {}) =>
      this.transport.request(writtenProfileSchema, "profiles", { method: "POST", body, ...writing(how) }),
    put: (id: string, body: WriteProfileInput, how: WriteOptions = {}) =>
      this.transport.request(writtenProfileSchema, `profiles/${id}`, { method: "PUT", body, ...writing(how) }),
    patch: (id: string, body: object, how: WriteOptions = {}) =>
      this.transport.request(writtenProfileSchema, `profiles/${id}`, { method: "PATCH", body, ...writing(how) }),
    delete: (id: string, how: WriteOptions = {}) =>
      this.transport.request(removedProfileSchema, `profiles/${id}`, { method: "DELETE", ...writing(how) }),
  };

  /** What changes in the fleet, as it changes; see `liveEvents`. */
  live(options: LiveOptions = {}): AsyncGenerator<LiveEvent, void, undefined> {
    return liveEvents(this.transport, options);
  }

  readonly jobs = {
    /** @param idempotencyKey makes one job however often the same is sent within 24 hours */
    create: (body: CreateJobInput, idempotencyKey?: string) =>
      this.transport.request(jobSchema, "jobs", {
        method: "POST",
        body,
        headers: idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey },
      }),
    /** What would come of a job; nothing is made or sent. */
    rehearse: (body: CreateJobInput) =>
      this.transport.request(rehearsalSchema, "jobs", { method: "POST", body: { ...body, rehearse: true } }),
    list: (query: Partial<JobQuery> = {}, call: Call = {}) =>
      this.transport.request(jobPageSchema, "jobs", { query, ...call }),
    get: (id: string, call: Call = {}) => this.transport.request(jobSchema, `jobs/${id}`, call),
    executions: (id: string, query: Partial<ExecutionQuery> = {}, call: Call = {}) =>
      this.transport.request(executionPageSchema, `jobs/${id}/executions`, { query, ...call }),
    cancel: (id: string) => this.transport.request(jobSchema, `jobs/${id}/cancel`, { method: "POST" }),
    pause: (id: string) => this.transport.request(jobSchema, `jobs/${id}/pause`, { method: "POST" }),
    resume: (id: string) => this.transport.request(jobSchema, `jobs/${id}/resume`, { method: "POST" }),
  };

  readonly analytics = {
    timeouts: (query: Partial<TimeoutsQuery> = {}, call: Call = {}) =>
      this.transport.request(timeoutsSchema, "analytics/timeouts", { query, ...call }),
    availability: (query: Partial<AvailabilityQuery> = {}, call: Call = {}) =>
      this.transport.request(availabilitySchema, "analytics/availability", { query, ...call }),
  };
}

function ifMatch(version: number | undefined): Record<string, string> {
  return version === undefined ? {} : { "if-match": `"${version}"` };
}

function writing({ version, dryRun }: WriteOptions) {
  return { headers: ifMatch(version), query: { dryRun } };
}
