import { eventually } from "@mn316-fleet/testkit";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import path from "node:path";
import { promisify } from "node:util";
import { TestAgent } from "../../server/src/test-support/test-agent";
import type { Api } from "./harness/api";
import { InstalledPostgres } from "./harness/installed-postgres";
import { type Device, World } from "./harness/world";

const run = promisify(execFile);
const SERVER = path.resolve(import.meta.dirname, "../../server/dist/main.js");
const PASSWORD = "a password that the secret key seals";
const MQTT = { host: "broker.example", port: 1883, clientId: "{device}", username: "pumps", password: PASSWORD };

/** Something of everything that must be there again. */
async function fill(world: World): Promise<Device> {
  const { api } = world;
  const device = await world.addDevice({ mqtt: MQTT });
  await api.ok("POST", "profiles", {
    name: "site",
    template: { mqtt: { keepAliveS: 120 } },
    selector: { tags: ["north"] },
  });
  await api.ok("POST", "alert-rules", {
    name: "away",
    kind: "device-offline",
    params: { forS: 600 },
    selector: { all: true },
  });
  await api.ok("POST", "jobs", { kind: "at", targets: { deviceIds: [device.id] }, steps: [{ command: "AT+CSQ" }] });
  const agent = await TestAgent.connect(world.url, device.token);
  const at = Date.now();
  agent.events([
    { seq: 1, at, since: at - 60_000, kind: "state", from: "unknown", to: "connected", cause: "unknown" },
    { seq: 2, at: at + 1, since: at, kind: "state", from: "connected", to: "disconnected", cause: "unknown" },
  ]);
  await agent.acked(2);
  await agent.leave();
  await eventually(async () => expect((await api.ok("GET", `devices/${device.id}`)).link.online).toBe(false));
  return device;
}

/** What REST says of all that, but for what the passing of time changes. */
async function told(api: Api, { id }: Device): Promise<Record<string, unknown>> {
  const [job] = await api.all("jobs");
  const lists = [`devices/${id}/events`, `devices/${id}/intervals`, `devices/${id}/link-sessions`, "profiles", "jobs"];
  const answers: Record<string, unknown> = {};
  for (const list of [...lists, `jobs/${job.id}/executions`]) answers[list] = await api.all(list);
  for (const { evaluatedAt: _ofEachLook, ...rule } of await api.all("alert-rules")) answers[`rule ${rule.id}`] = rule;
  for (const one of [`devices/${id}`, `devices/${id}/config`]) answers[one] = await api.ok("GET", one);
  return answers;
}

/** An agent goes on from what was acknowledged to it, and gets the password that was sealed before the backup. */
async function expectAgentGoesOn(world: World, { token }: Device): Promise<void> {
  const agent = await new TestAgent(world.url, token).opened();
  const welcome = await agent.hello();
  expect(welcome.acked).toBe(2);
  expect(welcome.desired?.config.mqtt.password).toBe(PASSWORD);
  await agent.leave();
}

describe("a backup", () => {
  const [first, second] = [new World(), new World()];
  afterAll(() => Promise.all([first.stop(), second.stop()]), 60_000);

  it("of the data folder, taken while the server is stopped, brings everything back", async () => {
    await first.startServer();
    const device = await fill(first);
    const before = await told(first.api, device);
    await first.server.stop();
    // With its owners and modes, without which PostgreSQL does not take its files.
    await run("cp", ["-a", path.join(first.folder, "server"), path.join(second.folder, "server")]);
    await second.startServer();
    expect(await told(second.api, device)).toEqual(before);
    await expectAgentGoesOn(second, device);
  }, 120_000);
});

const installed = InstalledPostgres.find();

(installed ? describe : describe.skip)("a dump of the database", () => {
  if (!installed) return;
  const [first, second] = [new World(), new World()];
  const secretKey = randomBytes(32).toString("hex");
  beforeAll(() => installed.start(), 60_000);
  afterAll(async () => {
    await Promise.all([first.stop(), second.stop()]);
    await installed.remove();
  }, 60_000);

  it("taken while the server runs, brings everything back, with the secret key that is kept beside it", async () => {
    const original = await installed.createDatabase("fleet");
    const dump = path.join(first.folder, "fleet.dump");
    await first.startServer({ DATABASE_URL: original, FLEET_SECRET_KEY: secretKey });
    const device = await fill(first);
    await run(installed.program("pg_dump"), ["--format", "custom", "--file", dump, original]);
    const before = await told(first.api, device);

    const restored = await installed.createDatabase("restored");
    await run(installed.program("pg_restore"), ["--exit-on-error", "--no-owner", "--dbname", restored, dump]);
    // The check of the restore drill: it changes nothing where the key is the right one, and ends with 1 where not.
    const checkWith = (key: string) =>
      run(process.execPath, [SERVER, "rotate-passwords"], {
        env: { ...process.env, DATABASE_URL: restored, FLEET_SECRET_KEY: key },
      });
    await checkWith(secretKey);
    await expect(checkWith(randomBytes(32).toString("hex"))).rejects.toMatchObject({ code: 1 });
    await second.startServer({ DATABASE_URL: restored, FLEET_SECRET_KEY: secretKey });
    expect(await told(second.api, device)).toEqual(before);
    await expectAgentGoesOn(second, device);
  }, 120_000);
});
