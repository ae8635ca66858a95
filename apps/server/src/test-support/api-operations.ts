import type { Role } from "@mn316-fleet/contracts";
import type { FleetServer } from "./fleet-server";
import type { HttpAnswer } from "./test-app";

/** An operation as the API's description has it. */
export interface Operation {
  security?: Record<string, string[]>[];
  "x-required-role"?: Role;
  parameters?: { name: string; in: string; required?: boolean }[];
  requestBody?: unknown;
  responses: Record<string, { content?: Record<string, { schema: object }> }>;
}

const RULE = { name: ":rule", kind: "device-offline", params: {}, selector: { tags: ["nowhere"] } };
const CHANNEL = { kind: "email", to: ["someone@example.com"] };
const RECEIVER = { url: "https://receiver.example/events", secret: `whsec_${"c2Vj".repeat(8)}` };
/** A secret that must come out nowhere. */
export const CANARY = "canary-in-the-coal-mine";
const CONFIG = {
  mqtt: { host: "broker.example", port: 1883, clientId: "{device}", username: "u", password: CANARY },
};
/** A body that each operation takes; `:device` stands for the id of one. */
export const BODIES: Record<string, object> = {
  "post /api/v1/api-keys": { name: "another", role: "viewer" },
  "post /api/v1/devices": { name: "another" },
  "patch /api/v1/devices/{id}": { name: "renamed" },
  "post /api/v1/devices/{id}/token": { overlapS: 60 },
  "put /api/v1/devices/{id}/config": CONFIG,
  "put /api/v1/devices/{id}/certificate": { sha256: "ab".repeat(32) },
  "patch /api/v1/devices/{id}/config": { mqtt: { port: 1884 } },
  "post /api/v1/devices/{id}/log-level": { level: "debug" },
  "post /api/v1/enrollment-keys": { name: "site" },
  "post /api/v1/profiles": { name: "another", selector: { tags: ["nowhere"] }, template: { mqtt: { port: 1885 } } },
  "put /api/v1/profiles/{id}": {
    name: ":profile",
    selector: { tags: ["nowhere"] },
    template: { mqtt: { password: CANARY } },
  },
  "patch /api/v1/profiles/{id}": { priority: 7 },
  "post /api/v1/alert-rules": { ...RULE, name: "another" },
  "put /api/v1/alert-rules/{id}": RULE,
  "post /api/v1/alert-channels": { ...CHANNEL, name: "another" },
  "put /api/v1/alert-channels/{id}": { ...CHANNEL, name: ":channel" },
  "post /api/v1/silences": { selector: { tags: ["nowhere"] }, to: "2999-01-01T00:00:00Z", reason: "works" },
  "post /api/v1/event-streams": { name: "another", ...RECEIVER, isEnabled: false },
  "patch /api/v1/event-streams/{id}": { kinds: ["state"] },
  "post /api/v1/event-streams/{id}/seek": { to: "beginning" },
  "post /api/v1/users": { name: "another", role: "viewer", password: CANARY },
  "patch /api/v1/users/{id}": { password: CANARY },
  "put /api/v1/session/password": { currentPassword: CANARY, password: CANARY },
  "post /api/v1/fleets": { name: "another" },
  "patch /api/v1/fleets/{id}": { name: ":fleet" },
  "post /api/v1/analytics/advice/draft": {
    deviceIds: [":device"],
    advice: [{ kind: "publish-timeouts", change: { mqtt: { ackTimeoutS: 20 } } }],
  },
  "post /api/v1/analytics/what-if": { deviceId: ":device", settings: { keepAliveS: 30 } },
  "post /api/v1/jobs": { kind: "probe", targets: { deviceIds: [":device"] } },
};
/** The same for those that take CSV. */
const TABLES: Record<string, string> = { "post /api/v1/devices/import": "name\nimported" };
/** Whose operations name one of them. */
export const COLLECTIONS = [
  ...(["devices", "jobs", "api-keys", "enrollment-keys", "profiles"] as const),
  ...([
    "alert-rules",
    "alert-channels",
    "alerts",
    "silences",
    "notifications",
    "event-streams",
    "users",
    "fleets",
  ] as const),
];
/** One thing of each collection; that of `devices` also for operations that name no collection's. */
export type Ids = Record<(typeof COLLECTIONS)[number], string>;
/** Who signs in has no credential yet. */
const SIGN_IN = new Set([
  "post /api/v1/session",
  ...["get /api/v1/session/oidc", "post /api/v1/session/oidc", "get /api/v1/session/oidc/callback"],
]);

export interface NamedOperation {
  name: string;
  method: string;
  path: string;
  operation: Operation;
}

/** All operations of callers. */
export function operationsOf(document: { paths: Record<string, Record<string, Operation>> }): NamedOperation[] {
  return Object.entries(document.paths)
    .filter(([path]) => path.startsWith("/api/v1/"))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, method, path, operation })),
    )
    .filter(({ name }) => !SIGN_IN.has(name));
}

/** Adds one of everything. @param adminKey an admin's, of the fleet that it is added to; the host's unless given */
export async function addEverything(server: FleetServer, adminKey?: string): Promise<Ids> {
  const ok = async (method: string, resource: string, body?: unknown): Promise<HttpAnswer["body"]> => {
    const answer = await server.request(method, resource, body, adminKey);
    if (answer.status >= 300) throw new Error(`${method} ${resource}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const { id: device } = await ok("POST", "devices", { name: "device" });
  await ok("PUT", `devices/${device}/config`, CONFIG);
  const job = await ok("POST", "jobs", { kind: "probe", targets: { deviceIds: [device] } });
  const key = await ok("POST", "api-keys", { name: "k", role: "viewer" });
  const enrollmentKey = await ok("POST", "enrollment-keys", { name: "site" });
  const profile = await ok("POST", "profiles", {
    name: crypto.randomUUID(),
    selector: { tags: ["nowhere"] },
    template: {},
  });
  const person = { name: `p-${crypto.randomUUID()}`, role: "viewer", password: CANARY };
  const user = await ok("POST", "users", person);
  const rule = await ok("POST", "alert-rules", { ...RULE, name: crypto.randomUUID() });
  const channel = await ok("POST", "alert-channels", { ...CHANNEL, name: crypto.randomUUID() });
  const silence = await ok("POST", "silences", BODIES["post /api/v1/silences"]);
  const stream = await ok("POST", "event-streams", {
    name: crypto.randomUUID(),
    ...RECEIVER,
    isEnabled: false,
  });
  // Fleets are the host's, whoever has all the rest.
  const fleet = await server.ok("POST", "fleets", { name: `f-${crypto.randomUUID().slice(0, 8)}` });
  const { rows } = await server.database.pool.query<{ alert: string; notification: string }>(
    `WITH a AS (
       INSERT INTO alert (fleet_id, rule_id, rule_name, kind, severity, subject_id, subject_name, facts, since, fired_at, devices)
       VALUES ((SELECT fleet_id FROM alert_rule WHERE id = $1), $1, 'rule', 'device-offline', 'info', $2, 'd', '{}', now(), now(), 1) RETURNING id
     ),
     n AS (
       INSERT INTO notification (channel_id, rule_id, type, payload, status)
       VALUES ($3, $1, 'alerts.firing', '{"data": {"rule": {}, "alerts": [], "total": 0}}', 'failed') RETURNING id
     )
     SELECT a.id AS alert, n.id AS notification FROM a, n`,
    [rule.id, device, channel.id],
  );
  return {
    devices: device,
    jobs: job.id,
    "api-keys": key.id,
    "enrollment-keys": enrollmentKey.id,
    profiles: profile.id,
    "alert-rules": rule.id,
    "alert-channels": channel.id,
    alerts: rows[0]!.alert,
    silences: silence.id,
    notifications: rows[0]!.notification,
    "event-streams": stream.id,
    users: user.id,
    fleets: fleet.id,
  };
}

/** The body that an operation takes, about these things. */
export function bodyOf(name: string, ids: Ids): string | undefined {
  return (
    BODIES[name] &&
    JSON.stringify(BODIES[name])
      .replaceAll(":device", ids.devices)
      .replaceAll(":profile", ids.profiles)
      .replaceAll(":rule", ids["alert-rules"])
      .replaceAll(":channel", ids["alert-channels"])
      .replaceAll(":fleet", `f-${ids.fleets.slice(0, 8)}`)
  );
}

/** Calls a documented operation as its document says. */
export function callOperation(
  server: FleetServer,
  { name, method, path }: NamedOperation,
  ids: Ids,
  key: string | undefined,
): Promise<HttpAnswer> {
  const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const table = TABLES[name];
  const collection = COLLECTIONS.find((name) => name === path.split("/")[3]);
  const body = table ?? bodyOf(name, ids);
  return server.send(
    method.toUpperCase(),
    path
      .replace("{id}", ids[collection ?? "devices"])
      .replace("{version}", "1")
      .replace("{name}", "state-hour"),
    {
      headers: {
        ...headers,
        ...(body !== undefined && { "content-type": table === undefined ? "application/json" : "text/csv" }),
      },
      ...(body !== undefined && { body }),
    },
  );
}
