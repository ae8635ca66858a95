import { eventually } from "@mn316-fleet/testkit";
import { readdirSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "../../../tools/lib/workspace.mjs";
import type { VirtualModule } from "./harness/virtual-module";
import { World } from "./harness/world";

const AGENT = path.join(ROOT, "apps/agent/dist/mn316-agent.js");
const IMEIS = ["860000099000011", "860000099000029"];

describe("one agent process with two modules", () => {
  const world = new World();
  const dataDir = path.join(world.folder, "agents");
  let modules: VirtualModule[];
  let ids: string[];

  beforeAll(async () => {
    await Promise.all([world.startServer(), world.startBroker()]);
    modules = await Promise.all(IMEIS.map((imei) => world.startModule({ id: "", token: "", imei })));
  }, 90_000);
  afterAll(() => world.stop(), 60_000);

  const server = () => world.url.replace("http", "ws");
  const device = (index: number) => world.api.ok("GET", `devices/${ids[index] ?? ""}`);
  const events = async (index: number, kind: string): Promise<{ state: string; to: string; cause: string }[]> =>
    (await world.api.all(`devices/${ids[index] ?? ""}/events?limit=500&kind=${kind}`)).reverse();
  const areConnected = (...indexes: number[]) =>
    eventually(
      async () => {
        for (const index of indexes) expect((await device(index)).module.state).toBe("connected");
      },
      { timeoutMs: 60_000 },
    );

  it("enrols each as a device of its own, with a folder and a token of its own", async () => {
    const { key } = await world.api.ok("POST", "enrollment-keys", { name: "cabinet", imeiPattern: "860000099*" });
    const ports = modules.flatMap(({ port }) => ["--port", port]);
    const agent = world.run("agent", [AGENT, "--server", server(), ...ports, "--data-dir", dataDir], {
      MN316_ENROLLMENT_KEY: key,
    });
    ids = await eventually(
      async () => {
        const devices = await world.api.all("devices");
        expect(devices.map(({ imei }: { imei: string }) => imei).sort()).toEqual(IMEIS);
        return IMEIS.map((imei) => devices.find((one: { imei: string }) => one.imei === imei).id as string);
      },
      { timeoutMs: 30_000 },
    );
    for (const id of ids) await world.api.ok("PUT", `devices/${id}/config`, world.config());
    await areConnected(0, 1);
    // Only now: the server knows of a device before its agent has got the token.
    const folders = readdirSync(dataDir).map((folder) => path.join(dataDir, folder));
    expect(folders).toHaveLength(2);
    for (const folder of folders) expect(statSync(path.join(folder, "token")).mode & 0o777).toBe(0o600);

    // SIGTERM drains both: each has told that it stops.
    await agent.stop();
    expect(await agent.exited).toBe(0);
    for (const index of [0, 1]) {
      expect((await events(index, "agent")).at(-1)).toMatchObject({ state: "stopping" });
      expect((await events(index, "state")).at(-1)).toMatchObject({ to: "unknown", cause: "agent-stopped" });
    }
  }, 120_000);

  it("goes on with a list of them in a file, tells how both are, and lets the loss of one port disturb the other not", async () => {
    const file = path.join(world.folder, "agent.json");
    const list = modules.map(({ port }) => ({ port, dataDir: path.join(dataDir, port.replaceAll("/", "_").slice(1)) }));
    writeFileSync(file, JSON.stringify({ server: server(), modules: list }), { mode: 0o600 });
    const agent = world.run("agent", [AGENT, "--config", file]);
    await areConnected(0, 1);
    const told = await status(file);
    for (const [index, { port }] of modules.entries())
      expect(told.text).toMatch(new RegExp(`^${port}\\n(  .*\\n)*  module +connected .*${IMEIS[index] ?? ""}`, "m"));
    expect(told.code).toBe(0);

    const untouched = async () => ({
      sessions: (await world.api.all(`devices/${ids[1] ?? ""}/link-sessions`)).length,
      serial: (await events(1, "serial")).length,
      states: (await events(1, "state")).length,
    });
    const before = await untouched();
    await modules[0]?.unplug();
    await eventually(
      async () => {
        expect((await events(0, "serial")).at(-1)?.state).toBe("lost");
        expect((await device(0)).module.state).toBe("unknown");
      },
      { timeoutMs: 30_000 },
    );
    expect((await device(0)).link.online).toBe(true);
    expect((await device(1)).module.state).toBe("connected");
    expect(await untouched()).toEqual(before);
    const after = await status(file);
    expect(after.text).toMatch(/module +serial port not open/);
    expect(after.text).toMatch(/module +connected/);
    await agent.stop();
    expect(await agent.exited).toBe(0);
  }, 120_000);

  const status = async (file: string) => {
    const program = world.run("status", [AGENT, "status", "--config", file]);
    let text = "";
    program.child.stdout?.on("data", (chunk: Buffer) => (text += chunk.toString()));
    const code = await program.exited;
    return { text, code };
  };
});
