import { createTestDatabase, type TestDatabase } from "@mn316-fleet/testkit";
import { randomUUID } from "node:crypto";
import { FleetServer } from "../test-support/fleet-server";
import type { HttpAnswer } from "../test-support/test-app";

const MQTT = { host: "broker.example", port: 1883, clientId: "{device}" };

describe("a request with an Idempotency-Key", () => {
  let database: TestDatabase;
  let server: FleetServer;
  beforeAll(async () => {
    database = await createTestDatabase();
    server = await FleetServer.start(database.url);
  }, 60_000);
  beforeEach(async () => {
    await server.database.pool.query("DELETE FROM idempotency_key");
    await server.database.pool.query("DELETE FROM device");
    await server.database.pool.query("DELETE FROM profile");
  });
  afterAll(async () => {
    await server.stop();
    await database.drop();
  });

  const post = (resource: string, body: unknown, key: string, apiKey = server.adminKey) =>
    server.send("POST", `/api/v1/${resource}`, {
      headers: {
        authorization: `Bearer ${apiKey}`,
        "idempotency-key": key,
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  const count = async (table: string) =>
    (await server.database.pool.query(`SELECT count(*)::int AS n FROM ${table}`)).rows[0].n as number;
  const expectRefused = (answer: HttpAnswer, rule: string) => {
    expect(answer.status).toBe(422);
    expect(answer.body.errors).toMatchObject([{ path: "Idempotency-Key", rule }]);
  };

  it.each<[resource: string, table: string, body: object, other: object]>([
    ["devices", "device", { name: "a", tags: ["x"] }, { name: "a", tags: ["y"] }],
    ["api-keys", "api_key", { name: "a", role: "viewer" }, { name: "a", role: "admin" }],
    ["enrollment-keys", "enrollment_key", { name: "a" }, { name: "b" }],
  ])("makes one of %s, and shows its secret once", async (resource, table, body, other) => {
    const before = await count(table);
    const answers = await Promise.all([1, 2, 3].map(() => post(resource, body, "k")));
    const [made, ...repeats] = answers.sort((a, b) => a.status - b.status);
    expect(answers.map(({ status }) => status)).toEqual([201, 409, 409]);
    for (const { body: problem } of repeats) {
      expect(problem).toMatchObject({ title: "Conflict", made: { id: made!.body.id } });
      expect(JSON.stringify(problem)).not.toContain(made!.body.token ?? made!.body.key);
    }
    expectRefused(await post(resource, other, "k"), "same-request");
    expectRefused(await post(resource, body, "k k"), "format");
    expect(await count(table)).toBe(before + 1);
    await server.database.pool.query("UPDATE idempotency_key SET created_at = now() - interval '25 hours'");
    expect((await post(resource, other, "k")).status).toBe(201);
  });

  it("rotates a token once, so that the one that was answered stays the newest", async () => {
    const { id } = await server.createDevice();
    const answers = await Promise.all([1, 2].map(() => post(`devices/${id}/token`, { overlapS: 60 }, "k")));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
    const { rows } = await server.database.pool.query("SELECT 1 FROM device_token WHERE expires_at IS NULL");
    expect(rows).toHaveLength(1);
    expect((await post(`devices/${id}/token`, { overlapS: 60 }, "another")).status).toBe(201);
  });

  it("makes one profile and answers with it as it is now, while a dry run takes no key", async () => {
    const body = { name: "base", selector: { all: true }, template: { mqtt: MQTT } };
    expect((await post("profiles?dryRun=true", body, "k")).status).toBe(201);
    const [first, second] = await Promise.all([1, 2].map(() => post("profiles", body, "k")));
    expect([first!.status, second!.status]).toEqual([201, 201]);
    expect(second!.body.id).toBe(first!.body.id);
    await server.ok("PATCH", `profiles/${first!.body.id}`, { priority: 7 });
    const later = await post("profiles", body, "k");
    expect([later.status, later.headers.get("etag")]).toEqual([201, '"2"']);
    expect(later.body).toMatchObject({ id: first!.body.id, priority: 7, effect: { devices: 0 } });
    expectRefused(await post("profiles", { ...body, name: "other" }, "k"), "same-request");
    expect(await count("profile")).toBe(1);
    await server.ok("DELETE", `profiles/${first!.body.id}`);
    expect((await post("profiles", body, "k")).status).toBe(404);
  });

  it("reverts a configuration once", async () => {
    const { id } = await server.createDevice();
    await server.ok("PUT", `devices/${id}/config`, { mqtt: MQTT });
    await server.ok("PATCH", `devices/${id}/config`, { mqtt: { port: 1 } });
    const revert = () => post(`devices/${id}/config/versions/1/revert`, undefined, "k");
    expect((await revert()).body).toMatchObject({ version: 3, desired: { mqtt: { port: 1883 } } });
    await server.ok("PATCH", `devices/${id}/config`, { mqtt: { port: 2 } });
    expect((await revert()).body).toMatchObject({ version: 4, desired: { mqtt: { port: 2 } } });
  });

  it("has nothing to do with the same key of another caller", async () => {
    const { key } = await server.ok("POST", "api-keys", { name: "b", role: "operator" });
    expect((await post("devices", { name: "a" }, "k")).status).toBe(201);
    expect((await post("devices", { name: "b" }, "k", key)).status).toBe(201);
  });

  it("that was refused left its key free", async () => {
    await server.createDevice({ imei: "860000000000001" });
    expect((await post("devices", { name: "a", imei: "860000000000001" }, "k")).status).toBe(409);
    expect((await post("devices", { name: "a", imei: "860000000000002" }, "k")).status).toBe(201);
    expect((await post(`devices/${randomUUID()}/token`, {}, "l")).status).toBe(404);
    expect((await post("devices", { name: "a" }, "l")).status).toBe(201);
  });
});
