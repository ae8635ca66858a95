import { eventually, startTestBroker, type TestBroker } from "@mn316-fleet/testkit";
import { VirtualMn316 } from "@mn316-fleet/virtual-mn316";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { aConfig, FakeServer } from "../../../libs/agent-core/src/test-support/fake-server";

const PROGRAM = path.resolve(import.meta.dirname, "../dist/mn316-agent.js");
const MAX_RSS_KIB = 60 * 1024;

describe("the program mn316-agent", () => {
  let broker: TestBroker;
  let server: FakeServer;
  let module: VirtualMn316;
  let line: Server;
  let port: string;
  let folder: string;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    broker = await startTestBroker();
    server = new FakeServer();
    await server.start();
    server.desired = { version: 1, config: aConfig(broker.port), confirmWithinS: 20 };
    module = new VirtualMn316({ broker: broker.url });
    line = createServer((socket) => {
      module.attach(socket);
    });
    line.listen(0, "127.0.0.1");
    await once(line, "listening");
    port = `tcp://127.0.0.1:${(line.address() as AddressInfo).port}`;
    folder = await mkdtemp(path.join(tmpdir(), "mn316-agent-"));
  });
  afterAll(async () => {
    for (const child of children) child.kill("SIGKILL");
    module.destroy();
    line.close();
    await server.stop();
    await broker.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const start = (args: string[], env: Record<string, string> = {}, hasIpc = false) => {
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      env: { PATH: process.env.PATH, HOME: folder, ...env },
      stdio: ["ignore", "pipe", "pipe", ...(hasIpc ? ["ipc" as const] : [])],
    });
    children.push(child);
    const output = { text: "" };
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk: Buffer) => (output.text += chunk.toString()));
    const exited = once(child, "exit").then(([code]) => code as number | null);
    return { child, output, exited };
  };
  const settings = (rest: Record<string, string> = {}) => ({
    MN316_SERVER: server.url,
    MN316_TOKEN: "mfd_test",
    MN316_PORT: port,
    MN316_DATA_DIR: path.join(folder, "data"),
    ...rest,
  });
  const isConnected = () =>
    eventually(
      () => {
        expect(server.events("state").at(-1)?.to).toBe("connected");
      },
      { timeoutMs: 20_000 },
    );

  it.each<[string, string[], Record<string, string>]>([
    ["--server", [], {}],
    ["MN316_SERVER", [], { MN316_SERVER: "host" }],
    ["--token", ["--server", "ws://host"], {}],
    ["--port", ["--server", "ws://host", "--token", "x"], {}],
    ["--baud", ["--server", "ws://host", "--token", "x", "--port", "y", "--baud", "fast"], {}],
    ["--config", ["--config", "/nowhere.json"], {}],
    ["--speed", ["--speed", "1"], {}],
  ])("stops with one line that names %s", async (name, args, env) => {
    const { output, exited } = start(args, env);
    expect(await exited).toBe(2);
    expect(output.text.trim().split("\n")).toHaveLength(1);
    expect(output.text).toContain(`mn316-agent: ${name}`);
  });

  it("prints its help and its version", async () => {
    const help = start(["--help"]);
    expect(await help.exited).toBe(0);
    expect(help.output.text).toContain("mn316-agent [check]");
    const version = start(["--version"]);
    expect(await version.exited).toBe(0);
    expect(version.output.text).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it("runs light, says no secret, and stops in order on SIGTERM", async () => {
    const begunAt = Date.now();
    const { child, output, exited } = start([], settings());
    await eventually(() => {
      expect(server.last("hello")).toBeDefined();
    });
    expect(Date.now() - begunAt).toBeLessThan(5_000);
    await isConnected();
    if (process.platform === "linux") {
      const status = await readFile(`/proc/${child.pid ?? 0}/status`, "utf8");
      expect(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1])).toBeLessThan(MAX_RSS_KIB * 1.5);
    }
    const stoppedAt = Date.now();
    child.kill("SIGTERM");
    expect(await exited).toBe(0);
    expect(Date.now() - stoppedAt).toBeLessThan(5_500);
    expect(server.events("agent").at(-1)).toMatchObject({ state: "stopping" });
    expect(server.events("state").at(-1)).toMatchObject({ to: "unknown", cause: "agent-stopped" });
    expect(output.text).not.toContain("mfd_test");
  }, 40_000);

  it("takes its settings from a file, and ends when the process that started it is gone", async () => {
    const file = path.join(folder, "agent.json");
    const dataDir = path.join(folder, "data");
    await writeFile(file, JSON.stringify({ server: server.url, token: "mfd_test", port, dataDir, baud: 9600 }));
    const { child, exited } = start(["--config", file], {}, true);
    await isConnected();
    child.disconnect();
    expect(await exited).toBe(0);
  }, 40_000);

  it("goes on after a kill with the same outbox, and tells the time in which nobody listened", async () => {
    const first = start([], settings());
    await isConnected();
    first.child.kill("SIGKILL");
    await first.exited;
    const states = server.events("state").length;
    const second = start([], settings());
    await eventually(
      () => {
        expect(server.events("state").length).toBe(states + 2);
      },
      { timeoutMs: 20_000 },
    );
    const [lost, found] = server.events("state").slice(states);
    expect(lost).toMatchObject({ from: "connected", to: "unknown", cause: "agent-stopped" });
    expect(found).toMatchObject({ from: "unknown", to: "connected", since: lost?.at });
    second.child.kill("SIGTERM");
    expect(await second.exited).toBe(0);
    const numbers = [...server.stored.keys()].sort((a, b) => a - b);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  }, 60_000);

  it("checks port, module, network, server and token, and says what to do", async () => {
    const good = start(["check"], settings());
    expect(await good.exited).toBe(0);
    for (const subject of ["serial port", "module", "IMEI", "network", "signal", "server", "token"])
      expect(good.output.text).toMatch(new RegExp(`^(ok|note) +${subject}: `, "m"));
    const bad = start(["check", "--token", "wrong", "--port", "/dev/no-such-port"], settings());
    expect(await bad.exited).toBe(1);
    expect(bad.output.text).toMatch(/^BAD +serial port: [^\n]+\n +→ /m);
    expect(bad.output.text).toMatch(/^BAD +token: refused\n +→ /m);
    const away = start(["check", "--server", "ws://127.0.0.1:1"], settings());
    expect(await away.exited).toBe(1);
    expect(away.output.text).toMatch(/^BAD +server: .*not reached/m);
  }, 60_000);
});
