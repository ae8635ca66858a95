import { problemSchema, type Role, ROLES } from "@mn316-fleet/contracts";
import { createTestDatabase, type TestDatabase } from "@mn316-fleet/testkit";
import { connect } from "node:net";
import { z } from "zod";
import {
  addEverything,
  BODIES,
  callOperation,
  CANARY,
  COLLECTIONS,
  type Ids,
  type NamedOperation,
  type Operation,
  operationsOf,
} from "./test-support/api-operations";
import { FleetServer } from "./test-support/fleet-server";
import type { HttpAnswer } from "./test-support/test-app";

/** Answers that do not end: their headers are looked at. */
const STREAMS = new Map([
  ["get /api/v1/live", "text/event-stream; charset=utf-8"],
  ["get /api/v1/audit/export", "application/x-ndjson"],
]);
/** Answers that are files. */
const FILES = "get /api/v1/export/";
/** What only a device that is connected can do, and only a person; none is here. */
const CONFLICTS = new Set(["post /api/v1/devices/{id}/log-level", "put /api/v1/session/password"]);
describe("the REST API", () => {
  let database: TestDatabase;
  let server: FleetServer;
  let document: {
    paths: Record<string, Record<string, Operation>>;
    "x-permissions": Record<Role | "nobody", string[]>;
  };
  let operations: NamedOperation[];
  const keys: Partial<Record<Role, string>> = {};
  /** What each collection's operations are called with; `devices` also for what has no id of its own. */
  let ids: Ids;

  beforeAll(async () => {
    database = await createTestDatabase();
    server = await FleetServer.start(database.url);
    document = (await server.send("GET", "/api/openapi.json")).body as typeof document;
    operations = operationsOf(document);
    for (const role of ROLES) keys[role] = (await server.ok("POST", "api-keys", { name: role, role })).key;
    await server.createDevice({ name: "first", tags: ["north"] });
  }, 60_000);
  beforeEach(async () => {
    ids = await addEverything(server);
  });
  afterAll(async () => {
    await server.stop();
    await database.drop();
  });

  const headersOf = (key: string | undefined): Record<string, string> =>
    key === undefined ? {} : { authorization: `Bearer ${key}` };
  const call = (operation: NamedOperation, key: string | undefined) => callOperation(server, operation, ids, key);
  const expectProblem = (answer: HttpAnswer, status: number) => {
    expect(answer.headers.get("content-type")).toBe("application/problem+json; charset=utf-8");
    expect(problemSchema.strict().parse(answer.body).status).toBe(status);
    expect(answer.status).toBe(status);
  };

  it("says of each operation which key and role it needs, and keeps to it", async () => {
    expect(operations.length).toBeGreaterThan(20);
    for (const entry of operations) {
      const role = entry.operation["x-required-role"];
      expect([entry.name, entry.operation.security]).toEqual([
        entry.name,
        expect.arrayContaining([{ apiKey: [] }, { session: [] }]),
      ]);
      expect([entry.name, ROLES]).toEqual([entry.name, expect.arrayContaining([role])]);
      for (const wrong of [undefined, "mfk_wrong", `mfd_${"x".repeat(43)}`]) {
        const answer = await call(entry, wrong);
        expectProblem(answer, 401);
        expect(answer.headers.get("www-authenticate")).toBe("Bearer");
      }
      for (const lower of ROLES.slice(0, ROLES.indexOf(role!))) expectProblem(await call(entry, keys[lower]), 403);
      if (entry.method === "get") expect(role).not.toBe("operator");
      else if (!entry.path.startsWith("/api/v1/session")) expect(role).not.toBe("viewer");
    }
  });

  it("has one table of what each role may do beyond the ones below it", () => {
    const { nobody, ...ofRoles } = document["x-permissions"];
    for (const role of ROLES) {
      const names = operations.filter(({ operation }) => operation["x-required-role"] === role).map(({ name }) => name);
      expect(ofRoles[role].map((name) => name.replace(/^[A-Z]+/, (method) => method.toLowerCase())).sort()).toEqual(
        names.sort(),
      );
    }
    expect(nobody.sort()).toEqual([
      "GET /api/v1/session/oidc",
      "GET /api/v1/session/oidc/callback",
      "POST /agent/enroll",
      "POST /api/v1/session",
      "POST /api/v1/session/oidc",
    ]);
  });

  it("answers each operation in the shape that its document gives", async () => {
    // Those that remove something go last, the device itself after what belongs to it.
    const removes = ({ method }: NamedOperation) => Number(method === "delete");
    const order = (a: NamedOperation, b: NamedOperation) =>
      removes(a) - removes(b) || removes(a) * (b.path.length - a.path.length);
    for (const entry of [...operations].sort(order)) {
      const stream = STREAMS.get(entry.name);
      if (stream !== undefined) {
        const end = new AbortController();
        const { status, headers } = await fetch(server.url + entry.path, {
          headers: headersOf(keys[entry.operation["x-required-role"]!]),
          signal: end.signal,
        });
        end.abort();
        expect([status, headers.get("content-type")]).toEqual([200, stream]);
        expect(entry.operation.responses["200"]?.content).toHaveProperty([stream.split(";")[0]!]);
        continue;
      }
      const answer = await call(entry, keys[entry.operation["x-required-role"]!]);
      if (entry.name.startsWith(FILES)) {
        expect([entry.name, answer.headers.get("content-type")]).toEqual([entry.name, "text/csv; charset=utf-8"]);
        expect(entry.operation.responses["200"]?.content).toHaveProperty(["text/csv"]);
        continue;
      }
      if (CONFLICTS.has(entry.name)) {
        expectProblem(answer, 409);
        continue;
      }
      if (answer.status === 422 && entry.operation.requestBody && !BODIES[entry.name]) {
        expectProblem(answer, 422);
        continue;
      }
      const documented = entry.operation.responses[String(answer.status)];
      expect([entry.name, answer.status, documented]).toEqual([entry.name, answer.status, expect.anything()]);
      const schema = documented?.content?.["application/json"]?.schema;
      if (answer.status === 204) expect([entry.name, answer.body]).toEqual([entry.name, ""]);
      else
        expect(
          z.fromJSONSchema(schema as never, { defaultTarget: "openapi-3.0" }).safeParse(answer.body),
        ).toMatchObject({ success: true });
      expect(entry.operation.responses.default?.content).toHaveProperty(["application/problem+json"]);
    }
  });

  it("takes an Idempotency-Key wherever something is made", () => {
    const making = operations.filter(({ method, operation }) => method === "post" && "201" in operation.responses);
    expect(making.length).toBeGreaterThan(6);
    const without = making.filter(
      ({ operation: { parameters = [] } }) => !parameters.some(({ name }) => name === "Idempotency-Key"),
    );
    expect(without.map(({ name }) => name)).toEqual([]);
  });

  it("shows and gives a key that is limited to some devices nothing of another one, on any operation", async () => {
    const selector = { tags: ["mine"] };
    const { key } = await server.ok("POST", "api-keys", { name: "limited", role: "operator", selector });
    const minds: Record<string, number> = {
      "get /api/v1/devices": 200,
      "get /api/v1/fleet/counts": 200,
      "post /api/v1/jobs": 422,
      "get /api/v1/session": 200,
      "delete /api/v1/session": 204,
      "put /api/v1/session/password": 409,
    };
    for (const entry of operations) {
      const ofDevice = /^\/api\/v1\/(devices|jobs)\/\{id\}/.test(entry.path);
      const role = entry.operation["x-required-role"];
      const expected = minds[entry.name] ?? (ofDevice && role !== "admin" ? 404 : 403);
      const answer = await call(entry, key);
      expect([entry.name, answer.status]).toEqual([entry.name, expected]);
      expect(JSON.stringify(answer.body)).not.toContain('"id":');
    }
    const { id } = await server.createDevice({ tags: ["mine"] });
    const asLimited = (method: string, path: string, body?: unknown) => server.request(method, path, body, key);
    const job = await asLimited("POST", "jobs", { kind: "probe", targets: { deviceIds: [id] } });
    const mixed = { kind: "probe", targets: { deviceIds: [id, ids.devices] }, rehearse: true };
    expect(job.status).toBe(201);
    expect((await asLimited("GET", `jobs/${job.body.id}/executions`)).body.items).toHaveLength(1);
    expect((await asLimited("POST", `jobs/${job.body.id}/cancel`)).status).toBe(200);
    expect((await asLimited("POST", "jobs", mixed)).body.errors[0].path).toBe("targets.deviceIds.1");
    const chosen = { kind: "probe", targets: { selector } };
    expect((await asLimited("POST", "jobs", chosen)).body.errors[0].path).toBe("targets.selector");
  });

  it("answers a job that is to be rehearsed in the shape of a rehearsal", async () => {
    const { operation } = operations.find(({ name }) => name === "post /api/v1/jobs")!;
    const body = { kind: "probe", targets: { deviceIds: [ids.devices] }, rehearse: true };
    const answer = await server.request("POST", "jobs", body, keys.operator);
    const schema = operation.responses["200"]?.content?.["application/json"]?.schema;
    expect(answer.status).toBe(200);
    expect(z.fromJSONSchema(schema as never, { defaultTarget: "openapi-3.0" }).safeParse(answer.body)).toMatchObject({
      success: true,
    });
  });

  it("answers an unknown thing with 404 on every operation that names one", async () => {
    for (const entry of operations.filter(({ path }) => path.includes("{id}"))) {
      ids = Object.fromEntries(COLLECTIONS.map((name) => [name, crypto.randomUUID()])) as Ids;
      expectProblem(await call(entry, keys.admin), 404);
    }
    const nobody = crypto.randomUUID();
    for (const question of ["timeouts", "availability"])
      expectProblem(await server.request("GET", `analytics/${question}?deviceId=${nobody}`), 404);
  });

  it("serves its description as a page, too", async () => {
    const page = await server.send("GET", "/api/docs");
    expect(page.status).toBe(200);
    expect(page.headers.get("content-type")).toContain("text/html");
  });

  const json = (body: string | Buffer, type = "application/json"): RequestInit => ({
    body: body as string,
    headers: { "content-type": type },
  });
  it.each<[what: string, status: number, method: string, path: string, init?: RequestInit]>([
    ["an unknown route", 404, "GET", "/api/v1/nothing"],
    ["an unknown route outside of the API", 404, "GET", "/nothing"],
    ["a slash too many", 404, "GET", "/api/v1/devices/"],
    ["a method that the address does not take", 405, "DELETE", "/api/v1/devices"],
    ["OPTIONS", 405, "OPTIONS", "/api/v1/devices"],
    ["half a JSON body", 400, "POST", "/api/v1/devices", json("{")],
    ["a body that is not UTF-8", 400, "POST", "/api/v1/devices", json(Buffer.from('{"name":"\xff"}', "latin1"))],
    ["__proto__", 400, "POST", "/api/v1/devices", json('{"name":"a","__proto__":{"x":1}}')],
    ["constructor.prototype", 400, "POST", "/api/v1/devices", json('{"name":"a","constructor":{"prototype":{}}}')],
    ["a form", 415, "POST", "/api/v1/devices", json("name=x", "application/x-www-form-urlencoded")],
    ["plain text", 415, "POST", "/api/v1/devices", json("x", "text/plain")],
    ["a large body", 413, "POST", "/api/v1/devices", json(JSON.stringify({ name: "x".repeat(2 ** 20) }))],
    ["no body", 422, "POST", "/api/v1/devices", json("")],
    ["no object", 422, "POST", "/api/v1/devices", json("[1]")],
    ["a deep body", 422, "POST", "/api/v1/devices", json('{"name":'.repeat(90_000) + "1" + "}".repeat(90_000))],
    ["a deep list", 422, "POST", "/api/v1/devices", json("[".repeat(500_000) + "]".repeat(500_000))],
    ["NUL in a body", 422, "POST", "/api/v1/devices", json('{"name":"a\\u0000b"}')],
    ["NUL in a query", 422, "GET", "/api/v1/devices?q=%00"],
    ["NUL in a tag", 422, "GET", "/api/v1/analytics/timeouts?tag=%00"],
    ["a query twice", 422, "GET", "/api/v1/devices?q=a&q=b"],
    ["an unknown query", 422, "GET", "/api/v1/devices?colour=red"],
    ["a polluting query", 422, "GET", "/api/v1/devices?__proto__[x]=1"],
    ["a page of none", 422, "GET", "/api/v1/devices?limit=0"],
    ["a page too large", 422, "GET", "/api/v1/devices?limit=501"],
    ["an unknown state", 422, "GET", "/api/v1/devices?state=asleep"],
    [
      "too many targets",
      422,
      "POST",
      "/api/v1/jobs",
      json(JSON.stringify({ kind: "probe", targets: { deviceIds: Array(10_001).fill(crypto.randomUUID()) } })),
    ],
    ["percent signs in a path", 400, "GET", "/api/v1/devices/%zz"],
    ["bytes that are no text in a path", 400, "GET", "/api/v1/devices/%ff"],
    ["an address without end", 431, "GET", `/api/v1/devices?cursor=${"a".repeat(20_000)}`],
  ])("answers %s with a problem document of status %i", async (_what, status, method, path, init = {}) => {
    const headers = { ...headersOf(server.settings.adminKey), ...(init.headers as Record<string, string>) };
    const answer = await server.send(method, path, { ...init, headers });
    expectProblem(answer, status);
    if (status === 422) expect(answer.body.errors.length).toBeGreaterThan(0);
    if (status === 405) expect(answer.headers.get("allow")).toBe("GET, HEAD, POST");
    expect(server.log.filter((line) => JSON.parse(line).level >= 50)).toEqual([]);
  });

  it("answers what is not even HTTP", async () => {
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(new URL(server.url).port), "127.0.0.1", () => socket.write("hello\r\n\r\n"));
      let text = "";
      socket.setEncoding("utf8").on("data", (data: string) => (text += data));
      socket.on("end", () => resolve(text)).on("error", reject);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad request\r\nContent-Type: application\/problem\+json/);
    expect(problemSchema.parse(JSON.parse(answer.split("\r\n\r\n")[1]!)).status).toBe(400);
  });

  it("answers HEAD as GET without a body", async () => {
    const headers = headersOf(server.settings.adminKey);
    for (const [path, status] of [
      ["/api/v1/devices", 200],
      ["/api/v1/nothing", 404],
      ["/health/ready", 200],
    ] as const) {
      const answer = await server.send("HEAD", path, { headers });
      expect([path, answer.status, answer.body]).toEqual([path, status, ""]);
    }
    expect((await server.send("HEAD", "/api/v1/devices")).status).toBe(401);
  });

  it("takes a merge patch by its own media type", async () => {
    const answer = await server.send("PATCH", `/api/v1/devices/${ids.devices}/config`, {
      ...json('{"mqtt":{"port":1885}}', "application/merge-patch+json"),
      headers: { ...headersOf(keys.operator), "content-type": "application/merge-patch+json" },
    });
    expect(answer.body.desired.mqtt.port).toBe(1885);
  });

  it("tells orchestrators that it is well, and what it measured", async () => {
    expect((await server.send("GET", "/health/live")).body).toEqual({ status: "ok" });
    expect((await server.send("GET", "/health/ready")).body).toEqual({ status: "ok", queues: "postgres" });
    const metrics = await server.send("GET", "/metrics");
    expect(metrics.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    for (const name of ["fleet_agents_connected", "fleet_events_stored_total", "fleet_ingest_flush_seconds_bucket"])
      expect(metrics.body).toContain(`\n${name}`);
  });

  it("logs no secret, and notes none in the audit trail, where every operation that changes something is", async () => {
    const { rows } = await server.database.pool.query<{ text: string; action: string }>(
      "SELECT row_to_json(r)::text AS text, action FROM audit_record r",
    );
    for (const text of [server.log.join(""), rows.map((row) => row.text).join("\n")]) {
      expect(text.length).toBeGreaterThan(0);
      const leaks = [...text.matchAll(new RegExp(`.{0,100}(mf[a-z]_[\\w-]{20}|${CANARY})`, "g"))].map(([leak]) => leak);
      expect(leaks).toEqual([]);
    }
    const noted = new Set(rows.map(({ action }) => action));
    const changing = operations.filter(({ method }) => method !== "get");
    expect(
      changing.map(({ method, path }) => `${method.toUpperCase()} ${path}`).filter((action) => !noted.has(action)),
    ).toEqual([]);
  });
});
