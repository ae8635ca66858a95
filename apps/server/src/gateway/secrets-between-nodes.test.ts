import { createTestDatabase, eventually, findTestRedis, type TestDatabase } from "@mn316-fleet/testkit";
import { Redis } from "ioredis";
import { Client } from "pg";
import type { Settings } from "../platform/settings/settings";
import { Notification } from "../platform/signals/notification";
import { FleetServer } from "../test-support/fleet-server";
import { TestAgent } from "../test-support/test-agent";

const PASSWORD = "pAss-0f-th3-br0ker";
const redis = await findTestRedis();

/** All that passes between the nodes, as text. */
type Wiretap = (databaseUrl: string) => Promise<{ heard: string[]; end: () => Promise<void> }>;

const onPostgres: Wiretap = async (connectionString) => {
  const client = new Client({ connectionString });
  const heard: string[] = [];
  const notification = new Notification();
  client.on("notification", ({ payload = "" }) => {
    heard.push(payload, JSON.stringify(notification.take(payload) ?? null));
  });
  await client.connect();
  await client.query("LISTEN fleet_signals");
  return { heard, end: () => client.end() };
};

const onRedis: Wiretap = async () => {
  const client = new Redis(redis?.url ?? "");
  const monitor = await client.monitor();
  const heard: string[] = [];
  monitor.on("monitor", (_time: string, command: string[]) => heard.push(command.join(" ")));
  return {
    heard,
    end: async () => {
      monitor.disconnect();
      await client.quit();
    },
  };
};

describe("between nodes over postgres", () => suite({}, onPostgres));
(redis ? describe : describe.skip)("between nodes over redis", () => {
  suite({ redisUrl: redis?.url, ...(redis && { redisPrefix: redis.prefix }) }, onRedis);
  afterAll(() => redis?.clean());
});

function suite(settings: Partial<Settings>, wiretap: Wiretap): void {
  let database: TestDatabase;
  let here: FleetServer;
  let there: FleetServer;
  let tap: Awaited<ReturnType<Wiretap>>;
  let device: { id: string; token: string };
  let agent: TestAgent;

  beforeAll(async () => {
    database = await createTestDatabase();
    const shared = { ...settings, secretKey: "3".repeat(64) };
    here = await FleetServer.start(database.url, shared);
    // All work is done here, and all agents are there.
    there = await FleetServer.start(database.url, {
      ...shared,
      adminKey: here.settings.adminKey,
      roles: new Set(["gateway"] as const),
    });
    tap = await wiretap(database.url);
  }, 60_000);
  beforeEach(async () => {
    device = await here.createDevice({ imei: "860000000000001" });
    agent = await TestAgent.connect(there.url, device.token);
  });
  afterEach(async () => {
    await agent.vanish();
    await here.ok("DELETE", `devices/${device.id}`);
  });
  afterAll(async () => {
    await tap.end();
    await here.stop();
    await there.stop();
    await database.drop();
  });

  const configure = (port: number) =>
    here.ok("PUT", `devices/${device.id}/config`, {
      mqtt: { host: "broker.example", port, clientId: "{imei}", username: "u", password: PASSWORD },
    });
  /** That the device was spoken of shows that the wire was heard at all. */
  const expectUnheard = async (secret: string) => {
    await eventually(() => expect(tap.heard.filter((line) => line.includes(device.id))).not.toEqual([]));
    expect(tap.heard.filter((line) => line.includes(secret))).toEqual([]);
  };

  it("no password travels: the node that holds the device reads it for itself", async () => {
    await configure(1883);
    expect((await agent.next("desired")).config.mqtt).toMatchObject({ port: 1883, password: PASSWORD });
    await expectUnheard(PASSWORD);
  });

  it("a job that configures brings the configuration first, and no password either", async () => {
    await configure(1884);
    await agent.next("desired");
    await here.ok("POST", "jobs", { kind: "configure", targets: { deviceIds: [device.id] } });
    await agent.next("execute");
    const order = agent.frames.map(({ type }) => type).filter((type) => type === "desired" || type === "execute");
    expect(order).toEqual(["desired", "desired", "execute"]);
    await expectUnheard(PASSWORD);
  });

  it("a rotated token travels sealed, and arrives", async () => {
    const { token, isPushed } = await here.ok("POST", `devices/${device.id}/token`, { overlapS: 60 });
    expect(isPushed).toBe(true);
    expect((await agent.next("token")).token).toBe(token);
    await expectUnheard(token);
  });
}
