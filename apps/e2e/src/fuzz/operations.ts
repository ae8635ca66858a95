import { randomUUID } from "node:crypto";
import type { JsonSchema } from "./input/json-schema";
import type { RestCaller } from "./rest-caller";

/** One operation of the OpenAPI document. */
export interface Operation {
  method: string;
  path: string;
  parameters: { name: string; in: string; schema: JsonSchema }[];
  /** The schema of its body by media type. */
  bodies: [type: string, schema: JsonSchema][];
}

interface Document {
  paths: Record<
    string,
    Record<
      string,
      { parameters?: Operation["parameters"]; requestBody?: { content: Record<string, { schema?: JsonSchema }> } }
    >
  >;
}

/** Ends the caller's own access, or streams without end; both are tried by suites of their own. */
const LEFT_OUT = new Set(["DELETE /api/v1/session", "GET /api/v1/audit/export"]);

/** What the server says that it can do. */
export async function operationsOf(caller: RestCaller): Promise<Operation[]> {
  const { body } = await caller.ask("GET", "/api/openapi.json");
  return Object.entries((body as Document).paths)
    .filter(([path]) => path.startsWith("/api/v1/"))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { parameters = [], requestBody }]) => ({
        method: method.toUpperCase(),
        path,
        parameters,
        bodies: Object.entries(requestBody?.content ?? {}).map(([type, { schema = {} }]): [string, JsonSchema] => [
          type,
          schema,
        ]),
      })),
    )
    .filter(({ method, path }) => !LEFT_OUT.has(`${method} ${path}`));
}

const CONFIG = { mqtt: { host: "broker.example", port: 1883, clientId: "{device}" } };
const SECRET = `whsec_${"c2Vj".repeat(8)}`;
const NOWHERE = { tags: ["nowhere"] };
/** A thing of each collection whose operations name one; each gets a name of its own. */
const THINGS: Record<string, object> = {
  devices: { name: "" },
  profiles: { name: "", selector: NOWHERE, template: {} },
  "api-keys": { name: "", role: "viewer" },
  "enrollment-keys": { name: "" },
  "alert-rules": { name: "", kind: "device-offline", params: {}, selector: NOWHERE },
  "alert-channels": { name: "", kind: "email", to: ["someone@example.com"] },
  silences: { selector: NOWHERE, to: "2999-01-01T00:00:00Z", reason: "fuzzed" },
  "event-streams": { name: "", url: "https://receiver.example/", secret: SECRET, isEnabled: false },
  users: { name: "", role: "viewer", password: "fuzzed and long enough" },
};

/** Makes a thing of each collection, and a job. @returns their ids by collection */
export async function makeThings(caller: RestCaller): Promise<Record<string, string>> {
  const ids: Record<string, string> = {};
  const make = async (collection: string, thing: object) => {
    const { status, body } = await caller.ask(
      "POST",
      `/api/v1/${collection}`,
      JSON.stringify({ ...thing, ...("name" in thing && { name: randomUUID() }) }),
    );
    if (status >= 300) throw new Error(`POST ${collection}: ${status} ${JSON.stringify(body)}`);
    ids[collection] = (body as { id: string }).id;
  };
  for (const [collection, thing] of Object.entries(THINGS)) await make(collection, thing);
  await caller.ask("PUT", `/api/v1/devices/${ids.devices}/config`, JSON.stringify(CONFIG));
  await make("jobs", { kind: "probe", targets: { deviceIds: [ids.devices] } });
  return ids;
}
