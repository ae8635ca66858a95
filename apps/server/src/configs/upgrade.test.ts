import { createTestDatabase, type TestDatabase } from "@mn316-fleet/testkit";
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Client } from "pg";
import { DevicesModule } from "../devices/devices.module";
import { migrate } from "../platform/database/migrations";
import { ProfilesModule } from "../profiles/profiles.module";
import { TestApp } from "../test-support/test-app";
import { ConfigsModule } from "./configs.module";
import { SecretVault } from "../platform/secrets/secret-vault";

const MIGRATIONS = path.resolve(import.meta.dirname, "../../../../prisma/migrations");
const BEFORE = "20261126000000_profiles";
const ID = "11111111-2222-4333-8444-555555555555";
const DESIRED = {
  mqtt: {
    host: "broker.example",
    port: 1883,
    clientId: "c-{imei}",
    username: "u",
    keepAliveS: 60,
    cleanSession: true,
    ackTimeoutS: 10,
    pingEcho: false,
  },
  subscriptions: [],
  recovery: { reopenAfterS: 60, backoff: 2, maxReopens: 5, thenRestart: true },
  telemetry: { signalEveryS: 60 },
  at: { allow: [], deny: [] },
};

describe("a database from before there were profiles", () => {
  const secretKey = "7".repeat(64);
  const folder = mkdtempSync(path.join(tmpdir(), "mn316-migrations-"));
  let testDatabase: TestDatabase;
  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    for (const name of readdirSync(MIGRATIONS).filter((entry) => entry < BEFORE))
      cpSync(path.join(MIGRATIONS, name), path.join(folder, name), { recursive: true });
  });
  afterAll(async () => {
    await testDatabase.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("keeps every device's version, document and password, and its writes become the device's own settings", async () => {
    const client = new Client({ connectionString: testDatabase.url });
    await client.connect();
    await client.query("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    await migrate(testDatabase.url, folder);
    const { sealed, keyId } = new SecretVault({ secretKey, dataDir: "unused" }).seal("secret", ID);
    await client.query("INSERT INTO device (id, name, imei) VALUES ($1, 'd', '860000000000001')", [ID]);
    await client.query("INSERT INTO device_state (device_id) VALUES ($1)", [ID]);
    await client.query(
      `INSERT INTO device_config (device_id, version, desired, password, password_key_id, status)
       VALUES ($1, 7, $2, $3, $4, 'applied')`,
      [ID, DESIRED, sealed, keyId],
    );
    await client.end();
    await migrate(testDatabase.url);

    const server = await TestApp.start([DevicesModule, ConfigsModule, ProfilesModule], testDatabase.url, { secretKey });
    const hidden = { ...DESIRED, mqtt: { ...DESIRED.mqtt, password: "***" } };
    expect(await server.ok("GET", `devices/${ID}/config`)).toMatchObject({
      version: 7,
      status: "applied",
      desired: hidden,
      own: hidden,
    });
    expect((await server.connect(ID)).welcome.desired).toMatchObject({
      version: 7,
      config: { mqtt: { password: "secret", clientId: "c-860000000000001" } },
    });
    await server.ok("POST", "profiles", { name: "below", selector: { all: true }, template: { mqtt: { port: 9 } } });
    expect((await server.ok("GET", `devices/${ID}/config`)).version).toBe(7);
    await server.ok("PATCH", `devices/${ID}/config`, { mqtt: { keepAliveS: 90 } });
    await server.ok("POST", `devices/${ID}/config/versions/7/revert`);
    expect(await server.ok("GET", `devices/${ID}/config`)).toMatchObject({ version: 9, desired: hidden });
    await server.stop();
  }, 60_000);
});
