import { eventually, startTestBroker, type TestBroker } from "@mn316-fleet/testkit";
import { VirtualMn316 } from "@mn316-fleet/virtual-mn316";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { aConfig, FakeServer } from "../../../libs/agent-core/src/test-support/fake-server";

const PROGRAM = path.resolve(import.meta.dirname, "../dist/mn316-agent.js");
const LAUNCHER = path.resolve(import.meta.dirname, "../bin/mn316-agent.js");
/** Of which two thirds are Node's own code, mapped once for all of a machine's Node processes. */
const MAX_RSS_KIB = 60 * 1024;

const PASSWORD = "geheim-316";
/** Node cannot listen on the kind of socket that systemd uses. */
const LISTENER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("listening")
while True: print(s.recv(4096).decode())
`;

function hasProgram(name: string): boolean {
  return spawnSync(name, ["--version"], { stdio: "ignore" }).error === undefined;
}

/** Packages with all that they need themselves, as an installation of them alone would hold. */
async function copyPackages(names: string[], target: string): Promise<void> {
  const root = path.resolve(import.meta.dirname, "../../../node_modules");
  const seen = new Set<string>();
  const copyOne = async (name: string): Promise<void> => {
    if (seen.has(name)) return;
    seen.add(name);
    await cp(path.join(root, name), path.join(target, name), { recursive: true });
    const { dependencies = {} } = JSON.parse(await readFile(path.join(root, name, "package.json"), "utf8")) as {
      dependencies?: Record<string, string>;
    };
    for (const dependency of Object.keys(dependencies)) await copyOne(dependency);
  };
  for (const name of names) await copyOne(name);
}

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
    server.desired = {
      version: 1,
      config: aConfig(broker.port, { username: "u", password: PASSWORD }),
      confirmWithinS: 20,
    };
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

  const start = (args: string[], env: Record<string, string> = {}, hasIpc = false, program = [PROGRAM]) => {
    const child = spawn(process.execPath, [...program, ...args], {
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
    ["--token", ["--server", "ws://host", "--port", "y"], {}],
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
    expect(help.output.text).toContain("mn316-agent [check|status]");
    const version = start(["--version"]);
    expect(await version.exited).toBe(0);
    expect(version.output.text).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it("runs light, says no secret, and stops in order on SIGTERM", async () => {
    const flags = /node (.*)\n/.exec(await readFile(LAUNCHER, "utf8"))?.[1]?.split(" ") ?? [];
    expect(flags.length).toBeGreaterThan(0);
    const begunAt = Date.now();
    const { child, output, exited } = start(["--log-level", "trace"], settings(), false, [...flags, LAUNCHER]);
    await eventually(
      () => {
        expect(server.last("hello")).toBeDefined();
      },
      { everyMs: 10 },
    );
    expect(Date.now() - begunAt).toBeLessThan(process.env.CI ? 5_000 : 1_000);
    await isConnected();
    if (process.platform === "linux") {
      const status = await readFile(`/proc/${child.pid ?? 0}/status`, "utf8");
      expect(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1])).toBeLessThan(MAX_RSS_KIB);
    }
    const stoppedAt = Date.now();
    child.kill("SIGTERM");
    expect(await exited).toBe(0);
    expect(Date.now() - stoppedAt).toBeLessThan(5_500);
    expect(server.events("agent").at(-1)).toMatchObject({ state: "stopping" });
    expect(server.events("state").at(-1)).toMatchObject({ to: "unknown", cause: "agent-stopped" });
    for (const secret of ["mfd_test", PASSWORD]) expect(output.text).not.toContain(secret);
    // The folder keeps others out of all that is in it: the configuration with the broker's password, a token.
    if (process.platform !== "win32") expect((await stat(path.join(folder, "data"))).mode & 0o077).toBe(0);
  }, 40_000);

  it("says how it is to whoever stands beside it", async () => {
    const { child, exited } = start([], settings());
    await isConnected();
    const told = await eventually(async () => {
      const { output, exited: ended } = start(["status"], settings());
      expect(await ended).toBe(0);
      expect(output.text).toMatch(/module +connected .* MN316.* \d{15}/);
      expect(output.text).toMatch(/config +version 1 applied/); // told once all is read back, a moment after
      return output.text;
    });
    expect(told).toContain(`process ${child.pid ?? 0}`);
    expect(told).toMatch(/server +ws:.*: connected/);
    expect(told).not.toContain("mfd_test");
    child.kill("SIGTERM");
    await exited;
    const away = start(["status"], settings());
    expect(await away.exited).toBe(1);
    expect(away.output.text).toMatch(/agent +does not run/);
  }, 40_000);

  it("drives several modules in one process, each with a token and a folder of its own", async () => {
    const second = new FakeServer();
    second.token = "mfd_second";
    await second.start();
    const other = new VirtualMn316({ broker: broker.url });
    const otherLine = createServer((socket) => {
      other.attach(socket);
    });
    otherLine.listen(0, "127.0.0.1");
    await once(otherLine, "listening");
    const otherPort = `tcp://127.0.0.1:${(otherLine.address() as AddressInfo).port}`;
    try {
      const args = [
        "--server",
        second.url,
        "--port",
        port,
        "--port",
        otherPort,
        "--data-dir",
        path.join(folder, "many"),
      ];
      const few = start([...args, "--token", "mfd_second"]);
      expect(await few.exited).toBe(2);
      expect(few.output.text).toContain("--token: is given 1 times for 2 ports");

      const before = second.connections;
      const { child, exited } = start([...args, "--token", "mfd_second", "--token", "mfd_second"]);
      await eventually(() => {
        expect(second.connections - before).toBeGreaterThanOrEqual(2);
        expect(second.frames.filter(({ type }) => type === "hello").length).toBeGreaterThanOrEqual(2);
      });
      expect((await readdir(path.join(folder, "many"))).length).toBe(2);
      child.kill("SIGTERM");
      expect(await exited).toBe(0);

      const file = path.join(folder, "several.json");
      const modules = [{ port, token: "mfd_second", dataDir: path.join(folder, "m1") }, { port: otherPort }];
      await writeFile(file, JSON.stringify({ server: second.url, modules }));
      const unknown = start(["--config", file]);
      expect(await unknown.exited).toBe(2);
      expect(unknown.output.text).toContain(`--token: is missing (or MN316_TOKEN) for ${otherPort}`);
    } finally {
      other.destroy();
      otherLine.close();
      await second.stop();
    }
  }, 40_000);

  it("is one file and two native packages: it starts from a folder that holds nothing else", async () => {
    const empty = path.join(folder, "device");
    await mkdir(path.join(empty, "node_modules"), { recursive: true });
    await copyFile(PROGRAM, path.join(empty, "agent.mjs"));
    await copyPackages(["@serialport/bindings-cpp", "classic-level"], path.join(empty, "node_modules"));
    const version = start(["--version"], {}, false, [path.join(empty, "agent.mjs")]);
    expect(await version.exited).toBe(0);
    const before = server.connections;
    const { child, exited, output } = start([], settings(), false, [path.join(empty, "agent.mjs")]);
    await eventually(() => {
      expect(output.text).toContain("module answers");
      expect(server.connections).toBeGreaterThan(before);
    });
    child.kill("SIGTERM");
    expect(await exited).toBe(0);
  }, 60_000);

  const hasSystemd = hasProgram("systemd-notify") && hasProgram("python3");
  if (!hasSystemd) {
    process.stderr.write("skipped: no systemd-notify and python3 on this machine to tell systemd and to hear it\n");
    if (process.env.CI === "true" && process.platform === "linux") throw new Error("in CI nothing may be skipped");
  }
  (hasSystemd ? it : it.skip)(
    "tells systemd that it is ready, alive and stopping",
    async () => {
      const socket = path.join(folder, "notify.sock");
      const listener = spawn("python3", ["-uc", LISTENER, socket], { stdio: ["ignore", "pipe", "inherit"] });
      children.push(listener);
      let heard = "";
      listener.stdout.on("data", (chunk: Buffer) => (heard += chunk.toString()));
      await eventually(() => {
        expect(heard).toContain("listening");
      });
      const { child, exited } = start([], { ...settings(), NOTIFY_SOCKET: socket, WATCHDOG_USEC: "400000" });
      await eventually(() => {
        expect(heard).toContain("READY=1");
        expect(heard.split("WATCHDOG=1").length).toBeGreaterThan(3);
      });
      child.kill("SIGTERM");
      expect(await exited).toBe(0);
      await eventually(() => {
        expect(heard).toContain("STOPPING=1");
      });
    },
    40_000,
  );

  const canVerify = hasProgram("systemd-analyze");
  (canVerify ? it : it.skip)("comes with a unit that systemd understands", async () => {
    const unit = path.join(folder, "mn316-agent@test.service");
    await copyFile(path.resolve(import.meta.dirname, "../systemd/mn316-agent@.service"), unit);
    const { status, stderr } = spawnSync("systemd-analyze", ["verify", unit], { encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
  });

  it("takes its settings from a file, and ends when the process that started it is gone", async () => {
    const file = path.join(folder, "agent.json");
    const dataDir = path.join(folder, "data");
    await writeFile(file, JSON.stringify({ server: server.url, token: "mfd_test", port, dataDir, baud: 9600 }));
    const { child, exited } = start(["--config", file], {}, true);
    await isConnected();
    child.disconnect();
    expect(await exited).toBe(0);
    if (process.platform === "win32") return;
    const again = start(["--config", file]);
    await eventually(() => {
      expect(again.output.text).toContain("module answers");
    });
    again.child.kill("SIGHUP"); // its terminal is closed
    expect(await again.exited).toBe(0);
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
    expect(away.output.text).toMatch(/^BAD +server: .*not reached.*\n +→ nothing listens there/m);
    const encrypted = start(["check", "--server", server.url.replace("ws:", "wss:")], settings());
    expect(await encrypted.exited).toBe(1);
    expect(encrypted.output.text).toMatch(/^BAD +server: .*\n +→ there is no TLS on this port: use ws/m);
    // The token that was pushed is older than the one that an operator set meanwhile.
    const dataDir = path.join(folder, "two-tokens");
    await mkdir(dataDir);
    await writeFile(path.join(dataDir, "token"), "mfd_former\n");
    const second = start(["check"], settings({ MN316_DATA_DIR: dataDir }));
    expect(await second.exited).toBe(0);
    expect(second.output.text).toMatch(/^ok +token: the second of the two/m);
  }, 60_000);
});
