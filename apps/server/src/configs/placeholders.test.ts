import { configStateSchema } from "@mn316-fleet/contracts";
import { createTestDatabase, eventually, type TestDatabase } from "@mn316-fleet/testkit";
import { DevicesModule } from "../devices/devices.module";
import { ProfilesModule } from "../profiles/profiles.module";
import { TestApp } from "../test-support/test-app";
import { ConfigsModule } from "./configs.module";
import { tagValues } from "./tag-values";
import { UnresolvedConfigs } from "./unresolved-configs";

const MQTT = { host: "broker.example", port: 1883, clientId: "{tag:site}-{device}" };

describe("a placeholder for a tag", () => {
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

  const device = async (...tags: string[]): Promise<string> =>
    (await server.ok("POST", "devices", { name: "d", tags })).id;
  const profile = (mqtt: object = {}, more: object = {}) =>
    server.ok("POST", "profiles", {
      name: "base",
      selector: { all: true },
      template: { mqtt: { ...MQTT, ...mqtt }, ...more },
    });
  const config = (id: string, query = "") => server.ok("GET", `devices/${id}/config${query}`);
  const settled = () =>
    eventually(async () => {
      await server.app.get(UnresolvedConfigs).drain();
      const { rows } = await server.database.pool.query("SELECT count(*)::int AS marks FROM config_unresolved");
      expect(rows[0].marks).toBe(0);
    });
  const given = async (id: string) => (await server.connect(id)).welcome.desired?.config;

  it("stands for what follows the name in the one tag that begins so", () => {
    const tags = ["site", "site:", "site:berlin", "sites:all", "site-2:x", "line:a:b"];
    expect(tagValues(tags, "site")).toEqual(["berlin"]);
    expect(tagValues(tags, "line")).toEqual(["a:b"]);
    expect(tagValues(tags, "line:a")).toEqual(["b"]);
    expect(tagValues(tags, "none")).toEqual([]);
  });

  it("is filled in for each device in every text that may hold one", async () => {
    await profile(
      { username: "{tag:site}", will: { topic: "lost/{tag:site}", message: "{tag:site}/{tag:line}" } },
      { subscriptions: [{ topic: "to/{tag:line}/+" }] },
    );
    const [one, other] = [await device("site:berlin", "line:a"), await device("site:ulm", "line:b")];
    await settled();
    expect(await given(one)).toMatchObject({
      mqtt: { clientId: `berlin-${one}`, username: "berlin", will: { topic: "lost/berlin", message: "berlin/a" } },
      subscriptions: [{ topic: "to/a/+", qos: 0 }],
    });
    expect(await given(other)).toMatchObject({
      mqtt: { clientId: `ulm-${other}`, username: "ulm", will: { topic: "lost/ulm", message: "ulm/b" } },
      subscriptions: [{ topic: "to/b/+", qos: 0 }],
    });
  });

  it("makes another version when the tag's value changes, says so in the history, and none for any other tag", async () => {
    await profile();
    const id = await device("site:berlin");
    await settled();
    await server.ok("PATCH", `devices/${id}`, { tags: ["site:berlin", "new"] });
    await settled();
    expect((await config(id)).version).toBe(1);
    await server.ok("PATCH", `devices/${id}`, { tags: ["site:ulm"] });
    await settled();
    expect((await given(id))?.mqtt.clientId).toBe(`ulm-${id}`);
    const { items } = await server.ok("GET", `devices/${id}/config/versions`);
    expect(items[0]).toMatchObject({
      version: 2,
      source: { kind: "register" },
      changes: [{ path: "mqtt.clientId", from: `berlin-${id}`, to: `ulm-${id}` }],
    });
  });

  it("is explained with what it stands for", async () => {
    await profile({}, { subscriptions: [{ topic: "to/{tag:site}" }] });
    const id = await device("site:berlin");
    await settled();
    const state = await config(id, "?explain=true");
    expect(configStateSchema.parse(state)).toEqual(state);
    expect(state.desired.mqtt.clientId).toBe(MQTT.clientId);
    const field = (path: string) => state.explain.find((entry: { path: string }) => entry.path === path);
    expect(field("mqtt.clientId")).toMatchObject({
      value: MQTT.clientId,
      filled: `berlin-${id}`,
      from: { name: "base" },
    });
    expect(field("subscriptions")).toMatchObject({ filled: [{ topic: "to/berlin", qos: 0 }] });
    expect(field("mqtt.host")).not.toHaveProperty("filled");
  });

  it("that a device has no tag for, or several, is a problem of that device alone, which keeps what it has", async () => {
    const [good, none, several] = [await device("site:a"), await device("site:a"), await device("site:a")];
    const { id } = await profile();
    await settled();
    await server.ok("PATCH", `devices/${none}`, { tags: ["site:"] });
    await server.ok("PATCH", `devices/${several}`, { tags: ["site:a", "site:b"] });
    await server.ok("PATCH", `profiles/${id}`, { template: { mqtt: { port: 9 } } });
    await settled();
    expect(await config(good)).toMatchObject({ version: 2, status: "pending" });
    expect(await config(none)).toMatchObject({
      version: 1,
      status: "rejected",
      errors: [{ path: "mqtt.clientId", rule: "tag-known", message: expect.stringContaining("{tag:site}") }],
    });
    expect(await config(several)).toMatchObject({
      version: 1,
      errors: [{ path: "mqtt.clientId", rule: "tag-single", message: expect.stringContaining("site:a, site:b") }],
    });
    expect((await given(none))?.mqtt).toMatchObject({ clientId: `a-${none}`, port: 1883 });
  });

  it("is judged by the length of what it stands for, and by what it makes of two topics", async () => {
    const long = `site:${"x".repeat(50)}`;
    await profile(
      { clientId: `${"c".repeat(100)}{tag:site}` },
      { subscriptions: [{ topic: "{tag:a}" }, { topic: "{tag:b}" }] },
    );
    const [fits, tooLong, twice] = [
      await device("site:x", "a:1", "b:2"),
      await device(long, "a:1", "b:2"),
      await device("site:x", "a:1", "b:1"),
    ];
    await settled();
    expect(await config(fits)).toMatchObject({ version: 1, status: "pending" });
    expect((await config(tooLong)).errors).toMatchObject([{ path: "mqtt.clientId", rule: "max-bytes" }]);
    expect((await config(twice)).errors).toMatchObject([{ path: "subscriptions.1.topic", rule: "unique" }]);
    expect(await given(tooLong)).toBeUndefined();
  });

  it("is refused in a device's own settings where the device has none", async () => {
    const id = await device("site:a");
    const answer = await server.request("PUT", `devices/${id}/config`, { mqtt: { ...MQTT, username: "{tag:who}" } });
    expect([answer.status, answer.body.errors]).toMatchObject([422, [{ path: "mqtt.username", rule: "tag-known" }]]);
    expect((await config(id)).version).toBe(0);
  });
});
