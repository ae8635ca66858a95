import type { LiveEvent } from "@mn316-fleet/contracts";
import { z } from "zod";
import { type ConsoleOptions, DeviceConsole } from "./console";
import { liveEvents, type LiveOptions } from "./live";
import { apiKeys, audit, enrollmentKeys, fleets, session, users } from "./operations/access";
import { alertChannels, alertRules, alerts, notifications, silences } from "./operations/alerts";
import { analytics } from "./operations/analytics";
import { config, configVersions, profiles } from "./operations/configurations";
import type { Call } from "./operations/call";
import { devices, fleet } from "./operations/devices";
import { eventStreams, exports } from "./operations/exports";
import { jobs } from "./operations/jobs";
import { type ClientOptions, type Request, Transport } from "./transport/transport";

const operationSchema = z.looseObject({
  parameters: z.array(z.looseObject({ name: z.string(), in: z.string() })).optional(),
});
const openApiSchema = z.looseObject({
  /** By address, then by method in small letters. */
  paths: z.record(z.string(), z.record(z.string(), operationSchema)),
});
export type OpenApiDocument = z.infer<typeof openApiSchema>;

/**
 * The REST API, typed by the schemas that the server validates with and documents itself by. Times are ISO 8601 in UTC.
 * Every method throws ProblemResponseError where the server refuses, and UnreachableError where there is no answer.
 */
export class FleetClient {
  private readonly transport: Transport;
  readonly fleet;
  readonly fleets;
  readonly devices;
  readonly config;
  readonly configVersions;
  readonly profiles;
  readonly jobs;
  readonly analytics;
  readonly apiKeys;
  readonly enrollmentKeys;
  readonly session;
  readonly audit;
  readonly users;
  readonly alerts;
  readonly alertRules;
  readonly alertChannels;
  readonly silences;
  readonly notifications;
  readonly exports;
  readonly eventStreams;

  constructor(options: ClientOptions) {
    const transport = new Transport(options);
    this.transport = transport;
    this.fleet = fleet(transport);
    this.fleets = fleets(transport);
    this.devices = devices(transport);
    this.config = config(transport);
    this.configVersions = configVersions(transport);
    this.profiles = profiles(transport);
    this.jobs = jobs(transport);
    this.analytics = analytics(transport);
    this.apiKeys = apiKeys(transport);
    this.enrollmentKeys = enrollmentKeys(transport);
    this.session = session(transport);
    this.audit = audit(transport);
    this.users = users(transport);
    this.alerts = alerts(transport);
    this.alertRules = alertRules(transport);
    this.alertChannels = alertChannels(transport);
    this.silences = silences(transport);
    this.notifications = notifications(transport);
    this.exports = exports(transport);
    this.eventStreams = eventStreams(transport);
  }

  /** What changes in the fleet, as it changes; see `liveEvents`. */
  live(options: LiveOptions = {}): AsyncGenerator<LiveEvent, void, undefined> {
    return liveEvents(this.transport, options);
  }

  /** A live AT line to a device's module; see `DeviceConsole.open`. */
  console(deviceId: string, options: ConsoleOptions): Promise<DeviceConsole> {
    return DeviceConsole.open(this.transport, deviceId, options);
  }

  /** The server's OpenAPI document: which operations it has. */
  openApi(call: Call = {}): Promise<OpenApiDocument> {
    return this.transport.request(openApiSchema, "../openapi.json", call); // it lies beside the versions of the API
  }

  /**
   * An operation by its address, for one that has no method here, as of a server that is newer.
   * @param path below `/api/v1/`
   * @param schema what the answer must be; anything unless given
   */
  request<T = unknown>(path: string, request: Request = {}, schema: z.ZodType<T> = z.any()): Promise<T> {
    return this.transport.request(schema, path, request);
  }

  /** The same, with the answer as it comes: to pass on what is large or no JSON. */
  stream(path: string, request: Request = {}): Promise<Response> {
    return this.transport.stream(path, request);
  }
}
