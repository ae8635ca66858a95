import { createTestDatabase, type TestDatabase } from "@mn316-fleet/testkit";
import { randomBytes } from "node:crypto";
import pino from "pino";
import { DevicesModule } from "../devices/devices.module";
import { rotatePasswords } from "../rotate-passwords";
import { TestApp } from "../test-support/test-app";
import { ConfigsModule } from "./configs.module";
import { PasswordsStore } from "./passwords.store";

const OLD = randomBytes(32).toString("hex");
const NEW = randomBytes(32).toString("base64");
const MQTT = { host: "broker.example", port: 1883, clientId: "c", username: "u", password: "secret" };

describe("the stored passwords", () => {
  let testDatabase: TestDatabase;
  const servers: TestApp[] = [];
  const start = async (secretKey: string) => {
    const server = await TestApp.start([DevicesModule, ConfigsModule], testDatabase.url, { secretKey });
    servers.push(server);
    return server;
  };
  beforeEach(async () => {
    testDatabase = await createTestDatabase();
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop();
    await testDatabase.drop();
  });
  const rotate = (secretKey: string) =>
    rotatePasswords({ databaseUrl: testDatabase.url, dataDir: "unused", secretKey }, pino({ level: "silent" }));

  it("move to a new key in batches while servers that know both run, and no configuration changes", async () => {
    const before = await start(OLD);
    const ids: string[] = [];
    for (let n = 0; n < 3; n++) {
      const { id } = await before.ok("POST", "devices", { name: `d${n}` });
      await before.ok("PUT", `devices/${id}/config`, { mqtt: { ...MQTT, password: `secret-${n}` } });
      ids.push(id);
    }
    // More than one batch: copies that nothing refers to are encrypted anew as well.
    await before.database.pool.query(
      "INSERT INTO mqtt_password (owner_id, sealed, key_id) SELECT owner_id, sealed, key_id FROM mqtt_password, generate_series(1, 400)",
    );
    expect(await rotate(`${NEW},${OLD}`)).toEqual({ resealed: 1_203, unreadable: 0 });
    expect(await rotate(`${NEW},${OLD}`)).toEqual({ resealed: 0, unreadable: 0 });
    const after = await start(NEW);
    for (const [n, id] of ids.entries()) {
      expect((await after.connect(id)).welcome.desired).toMatchObject({
        version: 1,
        config: { mqtt: { password: `secret-${n}` } },
      });
      expect((await after.ok("GET", `devices/${id}/config`)).version).toBe(1);
    }
  });

  it("that no key opens are counted and left as they are", async () => {
    const before = await start(OLD);
    const { id } = await before.ok("POST", "devices", { name: "d" });
    await before.ok("PUT", `devices/${id}/config`, { mqtt: MQTT });
    expect(await rotate(NEW)).toEqual({ resealed: 0, unreadable: 1 });
    expect((await before.connect(id)).welcome.desired?.config.mqtt.password).toBe("secret");
  });

  it("are forgotten when nothing refers to them any more, and not before", async () => {
    const server = await start(OLD);
    const { id } = await server.ok("POST", "devices", { name: "d" });
    await server.ok("PUT", `devices/${id}/config`, { mqtt: MQTT });
    await server.ok("PATCH", `devices/${id}/config`, { mqtt: { password: "another" } });
    await server.database.pool.query("UPDATE mqtt_password SET created_at = created_at - interval '2 hours'");
    const store = server.app.get(PasswordsStore);
    expect(await store.removeUnused()).toBe(0); // the history still has the first one
    await server.ok("DELETE", `devices/${id}`);
    expect(await store.removeUnused()).toBe(2);
  });
});
