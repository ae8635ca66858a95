import { devicePageSchema, deviceSchema, fleetCountsSchema } from "@mn316-fleet/contracts";
import { createTestDatabase, type TestDatabase } from "@mn316-fleet/testkit";
import { randomUUID } from "node:crypto";
import { TestApp } from "../test-support/test-app";
import { DevicesModule } from "./devices.module";

describe("the register of devices", () => {
  let testDatabase: TestDatabase;
  let server: TestApp;
  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    server = await TestApp.start([DevicesModule], testDatabase.url);
  }, 60_000);
  beforeEach(() => server.database.pool.query("DELETE FROM device"));
  afterAll(async () => {
    await server.stop();
    await testDatabase.drop();
  });

  const add = (name: string, more: object = {}) => server.ok("POST", "devices", { name, ...more });
  const names = async (query: string): Promise<string[]> =>
    (await server.ok("GET", `devices?${query}`)).items.map(({ name }: { name: string }) => name);

  it("creates, reads, changes and removes a device", async () => {
    const created = await add(" pump ", { imei: "860000000000001", tags: ["b", "a", "b"] });
    expect(created).toMatchObject({ name: "pump", imei: "860000000000001", tags: ["b", "a"] });
    expect(created.token).toMatch(/^mfd_[\w-]{43}$/);
    const device = await server.ok("GET", `devices/${created.id}`);
    expect(deviceSchema.parse(device)).toEqual(device);
    expect(device).not.toHaveProperty("token");
    expect(device).toMatchObject({
      link: { online: false, since: null },
      module: { state: "unknown", since: null, cause: null, signalDbm: null },
      config: { desiredVersion: 0, reportedVersion: 0, status: "none" },
      agentVersion: null,
    });
    expect(await server.ok("PATCH", `devices/${created.id}`, { tags: ["c"], imei: null })).toMatchObject({
      name: "pump",
      imei: null,
      tags: ["c"],
    });
    expect((await server.request("DELETE", `devices/${created.id}`)).status).toBe(204);
    expect((await server.request("GET", `devices/${created.id}`)).status).toBe(404);
    expect(server.links.closed).toContainEqual({ deviceId: created.id, code: 4001 });
  });

  it("shows a module's state only while its agent is connected", async () => {
    const { id } = await add("d");
    await server.database.pool.query(
      "UPDATE device_state SET online = true, module_state = 'connected', module_since = now() WHERE device_id = $1",
      [id],
    );
    expect((await server.ok("GET", `devices/${id}`)).module.state).toBe("connected");
    expect(await names("state=connected")).toEqual(["d"]);
    await server.database.pool.query("UPDATE device_state SET online = false WHERE device_id = $1", [id]);
    expect((await server.ok("GET", `devices/${id}`)).module).toMatchObject({ state: "unknown", since: null });
    expect(await names("state=connected")).toEqual([]);
    expect(await names("state=unknown")).toEqual(["d"]);
  });

  it("filters by text, tag and link; % and _ are letters like any other", async () => {
    await add("Pump 100%", { imei: "861234567890123", tags: ["site:a"] });
    await add("pump_2", { tags: ["site:b"] });
    await add("back\\slash");
    expect(await names("q=PUMP")).toEqual(["Pump 100%", "pump_2"]);
    expect(await names("q=%25")).toEqual(["Pump 100%"]);
    expect(await names("q=_")).toEqual(["pump_2"]);
    expect(await names(`q=${encodeURIComponent("\\")}`)).toEqual(["back\\slash"]);
    expect(await names("q=12345678901")).toEqual(["Pump 100%"]);
    expect(await names("tag=site:b")).toEqual(["pump_2"]);
    expect(await names("online=true")).toEqual([]);
    expect(await names("online=false")).toHaveLength(3);
    expect(await names(`q=${encodeURIComponent("' OR 1=1 --")}`)).toEqual([]);
  });

  it("counts what a selector chooses, and refuses one that names nothing", async () => {
    await add("pump 1", { tags: ["north"] });
    await add("pump 2", { tags: ["north", "old"] });
    await add("meter");
    const count = (selector: object) => server.ok("POST", "fleet/count", { selector });
    expect(await count({ all: true })).toEqual({ devices: 3 });
    expect(await count({ tags: ["north"], q: "pump" })).toEqual({ devices: 2 });
    expect(await count({ online: true })).toEqual({ devices: 0 });
    const refused = await server.request("POST", "fleet/count", { selector: {} });
    expect([refused.status, refused.body.errors]).toMatchObject([422, [{ path: "selector", rule: "criterion" }]]);
  });

  it("pages without a gap or a double, also when devices come and go meanwhile", async () => {
    for (let count = 0; count < 7; count++) await add(`d${count}`);
    const first = await server.ok("GET", "devices?limit=3");
    expect(devicePageSchema.parse(first)).toEqual(first);
    await server.ok("DELETE", `devices/${first.items[2].id}`);
    await add("d7");
    const second = await server.ok("GET", `devices?limit=3&cursor=${first.next}`);
    const third = await server.ok("GET", `devices?limit=3&cursor=${second.next}`);
    expect(third.next).toBeNull();
    const seen = [first, second, third].flatMap(({ items }) => items.map(({ name }: { name: string }) => name));
    expect(seen).toEqual(["d0", "d1", "d2", "d3", "d4", "d5", "d6", "d7"]);
  });

  it.each(["nonsense", "W10", Buffer.from('[1,"x"]').toString("base64url")])(
    "refuses the cursor %s by name",
    async (cursor) => {
      const { status, body } = await server.request("GET", `devices?cursor=${cursor}`);
      expect(status).toBe(422);
      expect(body.errors).toEqual([{ path: "cursor", rule: "cursor", message: expect.any(String) }]);
    },
  );

  it("answers a second device with the same IMEI with 409 naming the field", async () => {
    await add("one", { imei: "860000000000001" });
    const two = await add("two");
    for (const answer of [
      await server.request("POST", "devices", { name: "three", imei: "860000000000001" }),
      await server.request("PATCH", `devices/${two.id}`, { imei: "860000000000001" }),
    ]) {
      expect(answer.status).toBe(409);
      expect(answer.body.errors).toMatchObject([{ path: "imei", rule: "unique" }]);
    }
    expect(await names("")).toEqual(["one", "two"]);
  });

  it.each([
    [{ name: "" }, ["name"]],
    [{ name: "x", imei: "123", tags: ["a b"], colour: 1 }, ["colour", "imei", "tags.0"]],
    [{}, ["name"]],
  ])("refuses %j naming %j", async (body, paths) => {
    const answer = await server.request("POST", "devices", body);
    expect(answer.status).toBe(422);
    expect(answer.body.errors.map(({ path }: { path: string }) => path).sort()).toEqual(paths);
  });

  it("answers an unknown device with 404 everywhere, and an id that is none with 422", async () => {
    const id = randomUUID();
    for (const [method, path, body] of [
      ["GET", `devices/${id}`],
      ["PATCH", `devices/${id}`, { name: "x" }],
      ["DELETE", `devices/${id}`],
      ["POST", `devices/${id}/token`, {}],
    ] as const)
      expect((await server.request(method, path, body)).status).toBe(404);
    expect((await server.request("GET", "devices/7")).status).toBe(422);
  });

  it("counts the fleet by link and state", async () => {
    await add("a");
    const { id } = await add("b");
    await server.database.pool.query(
      "UPDATE device_state SET online = true, module_state = 'connected' WHERE device_id = $1",
      [id],
    );
    const counts = await server.ok("GET", "fleet/counts");
    expect(fleetCountsSchema.parse(counts)).toEqual(counts);
    expect(counts).toMatchObject({ devices: 2, online: 1, states: { connected: 1, unknown: 1, disconnected: 0 } });
  });
});
