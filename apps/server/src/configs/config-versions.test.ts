import { configVersionDetailSchema, configVersionPageSchema } from "@mn316-fleet/contracts";
import { createTestDatabase, eventually, type TestDatabase } from "@mn316-fleet/testkit";
import { DevicesModule } from "../devices/devices.module";
import { ProfilesModule } from "../profiles/profiles.module";
import { TestApp } from "../test-support/test-app";
import { ConfigsModule } from "./configs.module";

const MQTT = { host: "broker.example", port: 1883, clientId: "c" };

describe("the history of a device's configuration", () => {
  let testDatabase: TestDatabase;
  let server: TestApp;
  let id: string;
  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    server = await TestApp.start([DevicesModule, ConfigsModule, ProfilesModule], testDatabase.url);
  }, 60_000);
  beforeEach(async () => {
    await server.database.pool.query("DELETE FROM profile");
    ({ id } = await server.ok("POST", "devices", { name: "d" }));
    server.links.online.add(id);
  });
  afterAll(async () => {
    await server.stop();
    await testDatabase.drop();
  });
  const put = (mqtt: object) => server.ok("PUT", `devices/${id}/config`, { mqtt: { ...MQTT, ...mqtt } });
  const versions = async (query = "") => server.ok("GET", `devices/${id}/config/versions${query}`);

  it("names each version's author, source and changed fields, newest first", async () => {
    await put({});
    await put({ port: 1884, username: "u", password: "secret" });
    const { key } = await server.ok("POST", "api-keys", { name: "Ann", role: "operator" });
    await server.request("PATCH", `devices/${id}/config`, { mqtt: { username: "v" } }, { key });
    const page = await versions();
    expect(configVersionPageSchema.parse(page)).toEqual(page);
    expect(page.items).toMatchObject([
      {
        version: 3,
        author: "Ann",
        source: { kind: "device" },
        changes: [{ path: "mqtt.username", from: "u", to: "v" }],
      },
      {
        version: 2,
        author: "FLEET_ADMIN_KEY",
        changes: [
          { path: "mqtt.port", from: 1883, to: 1884 },
          { path: "mqtt.username", to: "u" },
          { path: "mqtt.password", to: "***" },
        ],
      },
      { version: 1, changes: expect.arrayContaining([{ path: "mqtt.port", to: 1883 }]) },
    ]);
    const first = await versions("?limit=2");
    expect((await versions(`?limit=2&cursor=${first.next}`)).items).toMatchObject([{ version: 1 }]);
    expect(JSON.stringify(page)).not.toContain("secret");
  });

  it("says which profile made a version, also when that is gone", async () => {
    const profile = { name: "site", selector: { all: true }, template: { mqtt: MQTT } };
    const { id: profileId } = await server.ok("POST", "profiles", profile);
    const arrives = (version: number) =>
      eventually(async () => expect((await versions()).items[0]?.version).toBe(version));
    await arrives(1);
    await server.ok("DELETE", `profiles/${profileId}`);
    await arrives(2);
    expect((await versions()).items).toMatchObject([
      { author: "FLEET_ADMIN_KEY", source: { kind: "profile", id: profileId, name: "site" } },
      { author: "FLEET_ADMIN_KEY", source: { kind: "profile", id: profileId, name: "site" } },
    ]);
    const detail = await server.ok("GET", `devices/${id}/config/versions/2`);
    expect(detail.document).toBeNull();
  });

  it("brings an earlier document back with the password that it had", async () => {
    await put({ username: "u", password: "first" });
    await put({ username: "u", password: "second", port: 9 });
    const answer = await server.request("POST", `devices/${id}/config/versions/1/revert`, undefined, {
      "if-match": '"2"',
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ version: 3, desired: { mqtt: { port: 1883, password: "***" } } });
    expect(server.links.of(id, "desired").at(-1)?.config.mqtt.password).toBe("first");
    expect((await versions("?limit=1")).items).toMatchObject([{ source: { kind: "revert", version: 1 } }]);
    const detail = await server.ok("GET", `devices/${id}/config/versions/1`);
    expect(configVersionDetailSchema.parse(detail)).toEqual(detail);
    expect(detail.document.mqtt).toMatchObject({ port: 1883, password: "***" });
  });

  it("refuses a version that there is not, or another state than the one seen", async () => {
    await put({});
    const revert = (version: number | string, headers = {}) =>
      server.request("POST", `devices/${id}/config/versions/${version}/revert`, undefined, headers);
    expect((await revert(2)).status).toBe(404);
    expect((await revert("x")).status).toBe(422);
    expect((await revert(1, { "if-match": '"7"' })).status).toBe(412);
    expect((await versions()).items).toHaveLength(1);
    expect((await server.request("GET", `devices/${crypto.randomUUID()}/config/versions`)).status).toBe(404);
  });

  it("keeps the newest versions of each device", async () => {
    await put({});
    await server.database.pool.query("UPDATE device_config SET version = 300 WHERE device_id = $1", [id]);
    await put({});
    expect((await versions()).items).toMatchObject([{ version: 301 }]);
  });
});
