import { configStateSchema } from "@mn316-fleet/contracts";
import type { FleetEvent, FrameOf, UpFrame } from "@mn316-fleet/protocol";
import { createTestDatabase, type TestDatabase } from "@mn316-fleet/testkit";
import { randomUUID } from "node:crypto";
import { DevicesModule } from "../devices/devices.module";
import { FrameHandlers } from "../gateway/frame-handlers";
import { TestApp } from "../test-support/test-app";
import { ConfigsModule } from "./configs.module";

const IMEI = "860000000000001";
const PASSWORD = "lIOu0oFUg1guk20ornTK1uzAcnM=";

describe("the configuration of a device", () => {
  let testDatabase: TestDatabase;
  let server: TestApp;
  let id: string;
  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    server = await TestApp.start([DevicesModule, ConfigsModule], testDatabase.url);
  }, 60_000);
  beforeEach(async () => {
    await server.database.pool.query("DELETE FROM device");
    ({ id } = await server.ok("POST", "devices", { name: "d", imei: IMEI }));
  });
  afterAll(async () => {
    await server.stop();
    await testDatabase.drop();
  });

  const mqtt = { host: "broker.example", port: 1883, clientId: "c-{imei}" };
  const config = () => server.ok("GET", `devices/${id}/config`);
  const put = (document: unknown, headers: Record<string, string> = {}) =>
    server.request("PUT", `devices/${id}/config`, document, headers);
  const patch = (change: unknown, headers: Record<string, string> = {}) =>
    server.request("PATCH", `devices/${id}/config`, change, headers);
  const lastSent = () => server.links.of(id, "desired").at(-1);
  const reports = async (frame: Omit<FrameOf<UpFrame, "reported">, "type">) => {
    const session = { deviceId: id, fencing: 1n, send: () => true, close: () => undefined };
    await server.app.get(FrameHandlers).find("reported")(session, { type: "reported", ...frame });
  };
  const projects = (event: Omit<Extract<FleetEvent, { kind: "config" }>, "seq" | "at" | "kind">) =>
    server.project([
      { deviceId: id, epoch: 1, receivedAt: new Date(), event: { kind: "config", seq: 1, at: 1, ...event } },
    ]);

  it("has version 0 and nothing in it until it is written", async () => {
    const answer = await server.request("GET", `devices/${id}/config`);
    expect(answer.body).toEqual({ version: 0, desired: null, reported: null, status: "none", own: null });
    expect(answer.headers.get("etag")).toBe('"0"');
  });

  it("is replaced as a whole by PUT, and its version only grows", async () => {
    const first = await put({ mqtt, subscriptions: [{ topic: "t/{imei}", qos: 1 }] });
    expect(first.status).toBe(200);
    expect(first.headers.get("etag")).toBe('"1"');
    expect(configStateSchema.parse(first.body)).toEqual(first.body);
    expect(first.body).toMatchObject({ version: 1, status: "pending", desired: { mqtt: { clientId: "c-{imei}" } } });
    expect((await put({ mqtt: { ...mqtt, port: 1884 } })).body).toMatchObject({
      version: 2,
      desired: { mqtt: { port: 1884 }, subscriptions: [] },
    });
    expect((await server.ok("GET", `devices/${id}`)).config).toEqual({
      desiredVersion: 2,
      reportedVersion: 0,
      status: "pending",
    });
  });

  it("is changed in parts by PATCH as RFC 7396 has it, under either media type", async () => {
    await put({
      mqtt: { ...mqtt, username: "u", will: { topic: "w", message: "bye" } },
      subscriptions: [{ topic: "a" }],
    });
    const { body } = await patch({ mqtt: { keepAliveS: 47, will: null }, subscriptions: [{ topic: "b", qos: 2 }] });
    expect(body.desired.mqtt).toEqual({
      ...mqtt,
      username: "u",
      keepAliveS: 47,
      cleanSession: true,
      ackTimeoutS: 10,
      pingEcho: false,
    });
    expect(body.desired.subscriptions).toEqual([{ topic: "b", qos: 2 }]);
    const other = await patch({ mqtt: { pingEcho: true } }, { "content-type": "application/merge-patch+json" });
    expect(other.body).toMatchObject({ version: 3, desired: { mqtt: { pingEcho: true, keepAliveS: 47 } } });
    const wrong = await patch({ mqtt: { port: null, ackTimeoutS: 99 }, nonsense: 1 });
    expect(wrong.status).toBe(422);
    expect(wrong.body.errors.map(({ path }: { path: string }) => path).sort()).toEqual([
      "mqtt.ackTimeoutS",
      "mqtt.port",
      "nonsense",
    ]);
    expect((await config()).version).toBe(3);
  });

  it.each([
    "null",
    "[]",
    '"x"',
    "{",
    '{"mqtt":null}',
    '{"__proto__":{"mqtt":1}}',
    `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`,
  ])("refuses the patch %.30s", async (body) => {
    await put({ mqtt });
    const answer = await patch(body);
    if (body.includes("__proto__")) expect((await config()).desired.mqtt).toMatchObject(mqtt);
    else expect([400, 422]).toContain(answer.status);
  });

  it("writes only over the version that If-Match names", async () => {
    await put({ mqtt });
    const stale = await put({ mqtt: { ...mqtt, port: 1 } }, { "if-match": '"0"' });
    expect(stale.status).toBe(412);
    expect(stale.headers.get("etag")).toBe('"1"');
    expect(stale.body).toMatchObject({ status: 412, current: { version: 1, desired: { mqtt: { port: 1883 } } } });
    expect((await put({ mqtt }, { "if-match": '"7", "1"' })).body.version).toBe(2);
    expect((await patch({ mqtt: { port: 2 } }, { "if-match": "*" })).body.version).toBe(3);
    expect((await put({ mqtt }, { "if-match": 'W/"3"' })).status).toBe(412);
    const malformed = await put({ mqtt }, { "if-match": "3" });
    expect(malformed.status).toBe(422);
    expect(malformed.body.errors).toMatchObject([{ path: "If-Match", rule: "entity-tag" }]);
  });

  it("lets one of two writers of the same version win", async () => {
    await put({ mqtt });
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, port) => put({ mqtt: { ...mqtt, port: port + 1 } }, { "if-match": '"1"' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412, 412, 412, 412, 412]);
    await Promise.all(Array.from({ length: 8 }, () => put({ mqtt })));
    expect((await config()).version).toBe(10);
  });

  it("refuses a document that breaks rules with one entry a field, and keeps what it has", async () => {
    await put({ mqtt });
    const { status, body } = await put({
      mqtt: { ...mqtt, host: 'a"', encrypt: 1 },
      subscriptions: [{ topic: "#/a" }],
    });
    expect(status).toBe(422);
    expect(body.errors).toEqual([
      { path: "mqtt.host", rule: "no-quotes", message: expect.any(String) },
      { path: "mqtt.encrypt", rule: "not-supported", message: expect.any(String) },
      { path: "subscriptions.0.topic", rule: "topic-filter", message: expect.any(String) },
    ]);
    expect((await config()).version).toBe(1);
  });

  it("warns of what the manual advises against", async () => {
    expect((await put({ mqtt: { ...mqtt, keepAliveS: 10 } })).body.warnings).toMatchObject([
      { path: "mqtt.ackTimeoutS" },
    ]);
    expect((await put({ mqtt })).body).not.toHaveProperty("warnings");
  });

  it("asks for an IMEI where the document does", async () => {
    const other = await server.ok("POST", "devices", { name: "no imei" });
    const answer = await server.request("PUT", `devices/${other.id}/config`, {
      mqtt,
      subscriptions: [{ topic: "{imei}" }],
    });
    expect(answer.status).toBe(422);
    expect(answer.body.errors).toMatchObject([
      { path: "mqtt.clientId", rule: "imei-known" },
      { path: "subscriptions.0.topic", rule: "imei-known" },
    ]);
  });

  it("is 404 for an unknown device", async () => {
    const path = `devices/${randomUUID()}/config`;
    expect((await server.request("GET", path)).status).toBe(404);
    expect((await server.request("PUT", path, { mqtt })).status).toBe(404);
    expect((await server.request("PATCH", path, { mqtt })).status).toBe(404);
  });

  describe("password", () => {
    const withPassword = { mqtt: { ...mqtt, username: "u", password: PASSWORD } };

    it("is shown to nobody and stored encrypted, but reaches the device", async () => {
      server.links.online.add(id);
      const answer = await put(withPassword);
      expect(answer.body.desired.mqtt.password).toBe("***");
      expect(JSON.stringify(await config())).not.toContain(PASSWORD);
      const { rows } = await server.database.pool.query(
        "SELECT jsonb_build_array(to_jsonb(c), to_jsonb(p), to_jsonb(v))::text AS row FROM device_config c, mqtt_password p, config_version v",
      );
      expect(rows[0].row).not.toContain(PASSWORD);
      expect(rows[0].row).not.toContain(Buffer.from(PASSWORD).toString("hex"));
      expect(lastSent()?.config.mqtt.password).toBe(PASSWORD);
    });

    it("is kept where it is absent or comes back hidden, and removed by null", async () => {
      server.links.online.add(id);
      await put(withPassword);
      const sentPassword = async (change: Promise<unknown>) => {
        await change;
        return lastSent()?.config.mqtt.password;
      };
      expect(await sentPassword(put({ mqtt: { ...mqtt, username: "u" } }))).toBe(PASSWORD);
      expect(await sentPassword(put((await config()).desired))).toBe(PASSWORD);
      expect(await sentPassword(patch({ mqtt: { port: 9 } }))).toBe(PASSWORD);
      expect(await sentPassword(patch({ mqtt: { password: "other" } }))).toBe("other");
      expect(await sentPassword(patch({ mqtt: { password: null } }))).toBeUndefined();
      expect((await config()).desired.mqtt).not.toHaveProperty("password");
      await put(withPassword);
      expect(await sentPassword(put({ mqtt: { ...mqtt, username: "u", password: null } }))).toBeUndefined();
    });

    it("is judged together with the other fields, the stored one too", async () => {
      expect((await put({ mqtt: { ...mqtt, username: "u", password: "***" } })).body.errors).toMatchObject([
        { path: "mqtt.password", rule: "hidden" },
      ]);
      await put({ mqtt: { ...mqtt, username: "u", password: "p".repeat(100) } });
      expect((await put({ mqtt })).body.errors).toMatchObject([{ path: "mqtt.username", rule: "required" }]);
      const long = { ...mqtt, username: "u".repeat(100), clientId: "c".repeat(100) };
      expect((await put({ mqtt: long })).body.errors).toMatchObject([{ path: "mqtt", rule: "max-connect-bytes" }]);
    });

    it("that another key encrypted is not sent, and the reason is told", async () => {
      await put(withPassword);
      await server.database.pool.query("UPDATE mqtt_password SET key_id = 'another'");
      expect((await server.connect(id)).welcome).toEqual({});
      expect(await config()).toMatchObject({ status: "rejected", reason: expect.stringContaining("another") });
    });

    it("that another key encrypted cannot be kept, only written again or removed", async () => {
      await put({ mqtt: { ...mqtt, username: "u", password: PASSWORD } });
      await server.database.pool.query("UPDATE mqtt_password SET key_id = 'another'");
      for (const answer of [await patch({ mqtt: { port: 1884 } }), await put({ mqtt: { ...mqtt, username: "u" } })]) {
        expect(answer.status).toBe(422);
        expect(answer.body.errors).toMatchObject([{ path: "mqtt.password", rule: "decryptable" }]);
      }
      expect((await config()).version).toBe(1);
      expect((await patch({ mqtt: { password: "another" } })).body).toMatchObject({ version: 2 });
    });
  });

  describe("on its way to the device", () => {
    it("is sent at once to a connected one, placeholders filled in", async () => {
      server.links.online.add(id);
      await put({
        mqtt: { ...mqtt, will: { topic: "w/{device}", message: "{imei} gone" } },
        subscriptions: [{ topic: "t/{imei}" }],
      });
      expect(lastSent()).toEqual({
        type: "desired",
        version: 1,
        confirmWithinS: 60,
        config: {
          mqtt: {
            ...mqtt,
            clientId: `c-${IMEI}`,
            keepAliveS: 60,
            cleanSession: true,
            ackTimeoutS: 10,
            pingEcho: false,
            will: { topic: `w/${id}`, message: `${IMEI} gone`, qos: 0, retain: false },
          },
          subscriptions: [{ topic: `t/${IMEI}`, qos: 0 }],
          recovery: { reopenAfterS: 60, backoff: 2, maxReopens: 5, thenRestart: true },
          telemetry: { signalEveryS: 60 },
          at: { allow: [], deny: [] },
        },
      });
    });

    it("waits for the hello of one that is away, and is not sent to one that has it", async () => {
      await put({ mqtt });
      expect((await server.connect(id)).welcome.desired).toMatchObject({
        version: 1,
        config: { mqtt: { port: 1883 } },
      });
      const { welcome } = await server.connect(id, { version: 1, config: { mqtt: { port: 1883 } } });
      expect(welcome).toEqual({});
      expect(await config()).toMatchObject({ status: "applied", reported: { mqtt: { port: 1883 } } });
    });

    it("is not sent again to one that rolled it back", async () => {
      await put({ mqtt });
      await reports({ version: 1, status: "rolled-back", config: null, reason: "OPEN:FAIL" });
      expect((await server.connect(id)).welcome).toEqual({});
      await put({ mqtt });
      expect((await server.connect(id)).welcome.desired).toMatchObject({ version: 2 });
    });
  });

  describe("what the device reports", () => {
    beforeEach(() => put({ mqtt }));

    it("updates status, reason and what the module holds", async () => {
      await reports({ version: 1, status: "applying", config: null });
      expect((await config()).status).toBe("applying");
      await reports({ version: 1, status: "applied", config: { mqtt: { port: 1883, password: "leak" } } });
      expect(await config()).toMatchObject({ status: "applied", reported: { mqtt: { port: 1883, password: "***" } } });
      expect((await server.ok("GET", `devices/${id}`)).config).toEqual({
        desiredVersion: 1,
        reportedVersion: 1,
        status: "applied",
      });
      await put({ mqtt });
      await reports({ version: 2, status: "rolled-back", config: { mqtt: { port: 7 } }, reason: "a\u0000b" });
      expect(await config()).toMatchObject({
        status: "rolled-back",
        reason: "a\ufffdb",
        reported: { mqtt: { port: 7 } },
      });
      expect((await server.ok("GET", `devices/${id}`)).config.reportedVersion).toBe(1);
    });

    it("changes no status for a version that is no longer the desired one", async () => {
      await put({ mqtt });
      await reports({ version: 1, status: "rejected", config: null, reason: "late" });
      await projects({ version: 1, status: "rolled-back" });
      expect((await config()).status).toBe("pending");
    });

    it("holds what was decided against events that arrive late and repeatedly", async () => {
      await reports({ version: 1, status: "applied", config: null });
      await projects({ version: 1, status: "applying" });
      expect((await config()).status).toBe("applied");
      await projects({ version: 1, status: "applied" });
      await projects({ version: 1, status: "rolled-back", reason: "not connected" });
      expect(await config()).toMatchObject({ status: "rolled-back", reason: "not connected" });
    });

    it("comes from events alone too, several of a device in one batch", async () => {
      const event = { kind: "config" as const, at: 1, version: 1 };
      await server.project([
        { deviceId: id, epoch: 1, receivedAt: new Date(), event: { ...event, seq: 1, status: "applying" } },
        { deviceId: id, epoch: 1, receivedAt: new Date(), event: { ...event, seq: 2, status: "applied" } },
        { deviceId: randomUUID(), epoch: 1, receivedAt: new Date(), event: { ...event, seq: 1, status: "applied" } },
      ]);
      expect((await config()).status).toBe("applied");
    });
  });
});
