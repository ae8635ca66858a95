import { profileDetailSchema, writtenProfileSchema } from "@mn316-fleet/contracts";
import type { ReportedConfig } from "@mn316-fleet/protocol";
import { createTestDatabase, eventually, type TestDatabase } from "@mn316-fleet/testkit";
import { randomUUID } from "node:crypto";
import { ConfigsModule } from "../configs/configs.module";
import { UnresolvedConfigs } from "../configs/unresolved-configs";
import { DevicesModule } from "../devices/devices.module";
import { FrameHandlers } from "../gateway/frame-handlers";
import { TestApp } from "../test-support/test-app";
import { ProfilesModule } from "./profiles.module";

const MQTT = { host: "broker.example", port: 1883, clientId: "c-{device}" };

describe("profiles", () => {
  let testDatabase: TestDatabase;
  let server: TestApp;
  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    server = await TestApp.start([DevicesModule, ConfigsModule, ProfilesModule], testDatabase.url);
  }, 60_000);
  beforeEach(async () => {
    await server.database.pool.query("DELETE FROM device");
    await server.database.pool.query("DELETE FROM profile");
  });
  afterAll(async () => {
    await server.stop();
    await testDatabase.drop();
  });

  const device = async (fields: object = {}): Promise<string> =>
    (await server.ok("POST", "devices", { name: "d", ...fields })).id;
  const comesOnline = async (id: string) => {
    await server.database.pool.query("UPDATE device_state SET online = true WHERE device_id = $1", [id]);
    server.links.online.add(id);
  };
  const profile = (fields: object = {}) =>
    server.ok("POST", "profiles", { name: "base", selector: { all: true }, template: { mqtt: MQTT }, ...fields });
  const config = (id: string, query = "") => server.ok("GET", `devices/${id}/config${query}`);
  /** Waits until no mark is left, whoever works on them. */
  const settled = () =>
    eventually(async () => {
      await server.app.get(UnresolvedConfigs).drain();
      const { rows } = await server.database.pool.query("SELECT count(*)::int AS marks FROM config_unresolved");
      expect(rows[0].marks).toBe(0);
    });
  const reports = (deviceId: string, version: number, held: ReportedConfig) => {
    const session = { deviceId, fencing: 1n, send: () => true, close: () => undefined };
    return server.app.get(FrameHandlers).find("reported")(session, {
      type: "reported",
      version,
      status: "applied",
      config: held,
    });
  };

  it("configure the devices that their selector chooses, with the manual's defaults below", async () => {
    const north = await device({ tags: ["north"] });
    const south = await device({ tags: ["south"] });
    await comesOnline(north);
    const written = await profile({ selector: { tags: ["north"] } });
    expect(writtenProfileSchema.strict().parse(written)).toEqual(written);
    expect(written).toMatchObject({ version: 1, effect: { devices: 1, examined: 1, changed: 1, rejected: 0 } });
    await settled();
    expect(await config(north)).toMatchObject({
      version: 1,
      status: "pending",
      own: null,
      desired: { mqtt: { ...MQTT, keepAliveS: 60 }, subscriptions: [] },
    });
    const sent = await eventually(() => {
      expect(server.links.of(north, "desired")).toHaveLength(1);
      return server.links.of(north, "desired")[0];
    });
    expect(sent).toMatchObject({ version: 1, config: { mqtt: { clientId: `c-${north}` } } });
    expect(await config(south)).toMatchObject({ version: 0, status: "none" });
  });

  it("overlay each other field by field, the higher priority on top, and the device's own settings above all", async () => {
    await profile({ template: { mqtt: { ...MQTT, keepAliveS: 100, will: { topic: "w", message: "base" } } } });
    await profile({ name: "b", priority: 5, template: { mqtt: { keepAliveS: 200, port: 2000 } } });
    await profile({ name: "a", priority: 5, template: { mqtt: { keepAliveS: 300, will: { message: "gone" } } } });
    const id = await device();
    await server.ok("PUT", `devices/${id}/config`, { mqtt: { port: 3000 }, subscriptions: [{ topic: "t" }] });
    const { desired, explain } = await config(id, "?explain=true");
    expect(desired.mqtt).toMatchObject({ port: 3000, keepAliveS: 300, will: { topic: "w", message: "gone", qos: 0 } });
    const origins = Object.fromEntries(
      explain.map(({ path, from }: { path: string; from: { kind: string; name?: string } }) => [
        path,
        from.name ?? from.kind,
      ]),
    );
    expect(origins).toEqual({
      "mqtt.host": "base",
      "mqtt.port": "device",
      "mqtt.clientId": "base",
      "mqtt.keepAliveS": "a",
      "mqtt.cleanSession": "default",
      "mqtt.ackTimeoutS": "default",
      "mqtt.pingEcho": "default",
      "mqtt.will.topic": "base",
      "mqtt.will.message": "a",
      "mqtt.will.qos": "default",
      "mqtt.will.retain": "default",
      subscriptions: "device",
      "recovery.reopenAfterS": "default",
      "recovery.backoff": "default",
      "recovery.maxReopens": "default",
      "recovery.thenRestart": "default",
      "telemetry.signalEveryS": "default",
      "at.allow": "default",
      "at.deny": "default",
    });
  });

  it("reach a device again when its own settings are removed", async () => {
    const id = await device();
    await profile();
    await settled();
    await server.ok("PUT", `devices/${id}/config`, { mqtt: { port: 7 } });
    expect((await config(id)).desired.mqtt.port).toBe(7);
    const answer = await server.request("DELETE", `devices/${id}/config`, undefined, { "if-match": '"2"' });
    expect([answer.status, answer.headers.get("etag")]).toEqual([200, '"3"']);
    expect(answer.body).toMatchObject({ version: 3, own: null, desired: { mqtt: { port: 1883 } } });
    expect((await server.request("DELETE", `devices/${id}/config`, undefined, { "if-match": '"2"' })).status).toBe(412);
  });

  it("leave a device with nothing desired when nothing is left, and never touch its module", async () => {
    const id = await device();
    server.links.online.add(id);
    await server.ok("PUT", `devices/${id}/config`, { mqtt: MQTT });
    const sent = server.links.of(id, "desired").length;
    expect(await server.ok("DELETE", `devices/${id}/config`)).toMatchObject({
      version: 2,
      desired: null,
      status: "none",
    });
    expect(server.links.of(id, "desired")).toHaveLength(sent);
    expect((await server.connect(id)).welcome).toEqual({});
  });

  it("follow tags, IMEIs and firmware as they change", async () => {
    await profile({ name: "imei", template: { mqtt: { ...MQTT, clientId: "c-{imei}" } } });
    await profile({ name: "pump", priority: 1, selector: { anyTag: ["pump"] }, template: { mqtt: { port: 2 } } });
    await profile({ name: "old", priority: 2, selector: { firmware: "1.0" }, template: { mqtt: { pingEcho: true } } });
    const id = await device({ imei: "860000000000001" });
    await settled();
    expect(await config(id)).toMatchObject({ version: 1, desired: { mqtt: { port: 1883 } } });
    await server.ok("PATCH", `devices/${id}`, { tags: ["pump"] });
    await settled();
    expect(await config(id)).toMatchObject({ version: 2, desired: { mqtt: { port: 2, pingEcho: false } } });
    await server.database.pool.query(`UPDATE device_state SET module = '{"firmware": "1.0"}' WHERE device_id = $1`, [
      id,
    ]);
    await settled();
    expect(await config(id)).toMatchObject({ version: 3, desired: { mqtt: { pingEcho: true } } });
    await server.ok("PATCH", `devices/${id}`, { imei: "860000000000002" });
    await settled();
    expect((await config(id)).version).toBe(4);
    expect((await server.connect(id)).welcome.desired?.config.mqtt.clientId).toBe("c-860000000000002");
    await server.ok("PATCH", `devices/${id}`, { name: "renamed" });
    await settled();
    expect((await config(id)).version).toBe(4);
    await server.ok("PATCH", `devices/${id}`, { imei: null });
    await settled();
    expect(await config(id)).toMatchObject({ version: 4, status: "rejected", errors: [{ rule: "imei-known" }] });
  });

  it("never bring a document that breaks a rule to a device: it keeps its last valid one and says why", async () => {
    const id = await device();
    server.links.online.add(id);
    await server.ok("PUT", `devices/${id}/config`, { mqtt: { ...MQTT, keepAliveS: 30 } });
    const sent = server.links.of(id, "desired").length;
    const bad = await profile({ template: { mqtt: { ackTimeoutS: 50 } } });
    expect(bad.effect).toMatchObject({
      changed: 0,
      rejected: 1,
      samples: [{ deviceId: id, name: "d", outcome: "rejected", errors: [{ path: "mqtt.ackTimeoutS" }] }],
    });
    await settled();
    expect(await config(id)).toMatchObject({
      version: 1,
      status: "rejected",
      reason: expect.any(String),
      errors: [{ path: "mqtt.ackTimeoutS", rule: "ack-timeout-below-keep-alive" }],
      desired: { mqtt: { ackTimeoutS: 10 } },
    });
    expect(server.links.of(id, "desired")).toHaveLength(sent);
    expect((await server.ok("GET", "devices?config=rejected")).items).toMatchObject([
      { id, config: { status: "rejected" } },
    ]);
    expect((await server.request("PATCH", `devices/${id}/config`, { mqtt: { port: 5 } })).status).toBe(422);
    await server.ok("PATCH", `profiles/${bad.id}`, { template: { mqtt: { ackTimeoutS: 20 } } });
    await settled();
    const after = await config(id);
    expect(after).toMatchObject({ version: 2, status: "pending", desired: { mqtt: { ackTimeoutS: 20 } } });
    expect(after).not.toHaveProperty("errors");
  });

  it("say what a write would do without doing it", async () => {
    const ids = [await device({ tags: ["a"] }), await device({ tags: ["b"] })];
    const { id } = await profile({ selector: { tags: ["a"] } });
    await settled();
    const wouldBe = await server.ok("PUT", `profiles/${id}?dryRun=true`, {
      name: "moved",
      selector: { tags: ["b"] },
      template: { mqtt: MQTT },
    });
    expect(wouldBe).toMatchObject({ name: "moved", version: 2, effect: { devices: 2, changed: 2, rejected: 0 } });
    expect(await server.ok("DELETE", `profiles/${id}?dryRun=true`)).toMatchObject({
      effect: { devices: 1, changed: 1 },
    });
    const other = { name: "another", selector: { all: true }, template: { mqtt: { keepAliveS: 5 } } };
    expect((await server.ok("POST", "profiles?dryRun=true", other)).effect).toMatchObject({ devices: 2, rejected: 2 });
    await settled();
    expect((await server.ok("GET", "profiles")).items).toMatchObject([{ id, name: "base", version: 1 }]);
    expect(await Promise.all(ids.map(async (deviceId) => (await config(deviceId)).version))).toEqual([1, 0]);
  });

  it("are written over the version that If-Match names only", async () => {
    const { id } = await profile();
    const stale = await server.request("PATCH", `profiles/${id}`, { priority: 1 }, { "if-match": '"9"' });
    expect(stale.status).toBe(412);
    expect(stale.headers.get("etag")).toBe('"1"');
    expect(stale.body.current).toMatchObject({ id, version: 1, priority: 0 });
    const fresh = await server.request("PATCH", `profiles/${id}`, { priority: 1 }, { "if-match": '"1"' });
    expect([fresh.status, fresh.headers.get("etag"), fresh.body.priority]).toEqual([200, '"2"', 1]);
    expect((await server.request("DELETE", `profiles/${id}`, undefined, { "if-match": '"1"' })).status).toBe(412);
    expect((await server.request("PATCH", `profiles/${id}`, {}, { "if-match": "2" })).status).toBe(422);
    expect((await server.request("DELETE", `profiles/${id}`, undefined, { "if-match": '"2"' })).status).toBe(200);
    expect((await server.request("GET", `profiles/${id}`)).status).toBe(404);
  });

  it("refuse bad input with one entry a field, and change nothing", async () => {
    await profile();
    const answer = await server.request("POST", "profiles", {
      name: "",
      priority: 1.5,
      selector: { colour: "red", online: true },
      template: {
        mqtt: { host: 'a"', keepAliveS: 5, ackTimeoutS: 9, encrypt: 1 },
        telemetry: { signalEveryS: 0 },
        x: 1,
      },
      nonsense: true,
    });
    expect(answer.status).toBe(422);
    expect(answer.body.errors.map(({ path }: { path: string }) => path).sort()).toEqual([
      "name",
      "nonsense",
      "priority",
      "selector.colour",
      "selector.online",
      "template.mqtt.ackTimeoutS",
      "template.mqtt.encrypt",
      "template.mqtt.host",
      "template.telemetry.signalEveryS",
      "template.x",
    ]);
    const taken = await server.request("POST", "profiles", { name: "base", selector: { all: true }, template: {} });
    expect([taken.status, taken.body.errors]).toMatchObject([409, [{ path: "name", rule: "unique" }]]);
    expect((await server.request("POST", "profiles", { name: "x", selector: {}, template: {} })).status).toBe(422);
    expect(
      (await server.request("PUT", `profiles/${randomUUID()}`, { name: "x", selector: { all: true }, template: {} }))
        .status,
    ).toBe(404);
    expect((await server.ok("GET", "profiles")).items).toHaveLength(1);
  });

  it("are listed by strength, in pages", async () => {
    for (const [name, priority] of [
      ["c", 1],
      ["a", 1],
      ["b", 2],
    ])
      await profile({ name, priority });
    const first = await server.ok("GET", "profiles?limit=2");
    expect(first.items.map(({ name }: { name: string }) => name)).toEqual(["b", "a"]);
    const second = await server.ok("GET", `profiles?limit=2&cursor=${first.next}`);
    expect(second).toMatchObject({ items: [{ name: "c" }], next: null });
  });

  it("keep their password to themselves and to the devices that get it", async () => {
    const id = await device();
    await comesOnline(id);
    const written = await profile({ template: { mqtt: { ...MQTT, username: "u", password: "secret-1" } } });
    expect(written.template.mqtt.password).toBe("***");
    await settled();
    expect((await config(id)).desired.mqtt.password).toBe("***");
    const lastPassword = async () => {
      await settled();
      const { version } = await config(id);
      return eventually(() => {
        const last = server.links.of(id, "desired").at(-1);
        expect(last?.version).toBe(version);
        return last?.config.mqtt.password;
      });
    };
    expect(await lastPassword()).toBe("secret-1");
    await server.ok("PATCH", `profiles/${written.id}`, { template: { mqtt: { port: 9 } } });
    expect(await lastPassword()).toBe("secret-1");
    await server.ok("PATCH", `profiles/${written.id}`, { template: { mqtt: { password: "secret-2" } } });
    expect(await lastPassword()).toBe("secret-2");
    await server.ok("PATCH", `devices/${id}/config`, { mqtt: { password: "own" } });
    expect(await lastPassword()).toBe("own");
    await server.ok("PATCH", `devices/${id}/config`, { mqtt: { password: null } });
    expect(await lastPassword()).toBe("secret-2");
    await server.ok("PATCH", `profiles/${written.id}`, { template: { mqtt: { password: null } } });
    expect(await lastPassword()).toBeUndefined();
    const { rows } = await server.database.pool.query("SELECT string_agg(v::text, '') AS text FROM config_version v");
    expect(rows[0].text).not.toContain("secret");
  });

  it("count how far their devices are, drifted ones too", async () => {
    const { id } = await profile();
    const ids = [await device(), await device(), await device()];
    await settled();
    const held: ReportedConfig = {
      mqtt: { ...MQTT, clientId: `c-${ids[0]}` },
      trust: { "mqtt.host": "verified", "mqtt.clientId": "verified" },
    };
    await reports(ids[0]!, 1, held);
    await reports(ids[1]!, 1, { ...held, mqtt: { ...MQTT, host: "elsewhere", clientId: `c-${ids[1]}` } });
    const detail = await server.ok("GET", `profiles/${id}`);
    expect(profileDetailSchema.strict().parse(detail)).toEqual(detail);
    expect(detail).toMatchObject({ devices: 3, counts: { applied: 1, drifted: 1, pending: 1, none: 0 } });
    expect((await server.ok("GET", "devices?config=drifted")).items).toMatchObject([{ id: ids[1] }]);
    await reports(ids[1]!, 1, { ...held, mqtt: { ...MQTT, clientId: `c-${ids[1]}` } });
    expect((await config(ids[1]!)).status).toBe("applied");
    await server.connect(ids[1]!, { version: 1, config: { ...held, mqtt: { ...MQTT, port: 7, clientId: "other" } } });
    expect((await config(ids[1]!)).status).toBe("drifted");
  });

  it("tell a connected agent again that did not answer, and no other", async () => {
    await profile();
    const id = await device();
    await settled();
    const worker = server.app.get(UnresolvedConfigs);
    await comesOnline(id);
    await worker.sweep();
    expect(server.links.of(id, "desired")).toHaveLength(0);
    await server.database.pool.query(
      "UPDATE device_config SET updated_at = now() - interval '2 minutes', told_at = NULL",
    );
    await worker.sweep();
    await worker.sweep();
    expect(server.links.of(id, "desired")).toHaveLength(1);
  });

  it("survive a worker that dies between its transaction's begin and its end", async () => {
    await profile();
    const id = await device();
    const client = await server.database.pool.connect();
    await client.query("BEGIN");
    await client.query("DELETE FROM config_unresolved");
    await client.query("ROLLBACK");
    client.release();
    await settled();
    expect((await config(id)).version).toBe(1);
  });

  it("resolve under concurrent writers to what the last of them says", async () => {
    const { id } = await profile();
    const ids = await Promise.all(Array.from({ length: 20 }, () => device()));
    await Promise.all([
      ...Array.from({ length: 6 }, (_, port) =>
        server.ok("PATCH", `profiles/${id}`, { template: { mqtt: { port: port + 1 } } }),
      ),
      ...ids.map((deviceId) => server.ok("PATCH", `devices/${deviceId}`, { tags: ["x"] })),
      ...ids
        .slice(0, 5)
        .map((deviceId) => server.ok("PUT", `devices/${deviceId}/config`, { mqtt: { keepAliveS: 33 } })),
      ...Array.from({ length: 3 }, () => server.app.get(UnresolvedConfigs).drain()),
    ]);
    await settled();
    const { port } = (await server.ok("GET", `profiles/${id}`)).template.mqtt;
    for (const [index, deviceId] of ids.entries())
      expect((await config(deviceId)).desired.mqtt).toMatchObject({ port, keepAliveS: index < 5 ? 33 : 60 });
  });
});
