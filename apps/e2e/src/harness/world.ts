/** The real processes of one test: server, broker, modules on their ports, agents; all stopped by `stop()`. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { noteRunning } from "../../../server/src/test-support/left-running";
import { freePort, Program } from "../../../../tools/lib/processes.mjs";
import { ROOT, SERVER_ARGS } from "../../../../tools/lib/workspace.mjs";
import { Api } from "./api";
import { VirtualModule } from "./virtual-module";

const AGENT = path.join(ROOT, "apps/agent/dist/mn316-agent.js");
const SIMULATOR = path.join(ROOT, "apps/simulator/dist/mn316-sim.js");

export interface Device {
  id: string;
  token: string;
  imei: string;
}

let imeis = 0;

export class World {
  /** For all data of this test. */
  readonly folder = mkdtempSync(path.join(tmpdir(), "mn316-e2e-"));
  readonly adminKey = `mfk_${randomBytes(32).toString("base64url")}`;
  private readonly forget = noteRunning(() => this.stop());
  private readonly programs: Program[] = [];
  /** Of the server; one that is free, unless it is set before the first start. */
  port = 0;
  private broker: { port: number; program: Program } | undefined;
  private serverProgram: Program | undefined;

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get api(): Api {
    return new Api(this.url, this.adminKey);
  }

  get server(): Program {
    if (!this.serverProgram) throw new Error("the server was not started");
    return this.serverProgram;
  }

  get brokerUrl(): string {
    if (!this.broker) throw new Error("the broker was not started");
    return `mqtt://127.0.0.1:${this.broker.port}`;
  }

  /** Starts the server, or starts it again on the same port and data. Resolves when it is ready. */
  async startServer(env: Record<string, string | undefined> = {}): Promise<void> {
    this.port ||= await freePort(0);
    this.serverProgram = this.run("server", SERVER_ARGS, {
      PORT: String(this.port),
      FLEET_DATA_DIR: path.join(this.folder, "server"),
      FLEET_ADMIN_KEY: this.adminKey,
      ...env,
    });
    await this.serverProgram.message((message: { type?: string }) => (message.type === "ready" ? true : undefined));
  }

  /** Kills the server as a power cut would: no handler runs. */
  async killServer(): Promise<void> {
    this.server.stopping = true;
    this.server.child.kill("SIGKILL");
    await this.server.exited;
  }

  /** Starts the broker, or starts it again on the same port. */
  async startBroker(): Promise<void> {
    const port = this.broker?.port ?? (await freePort(0));
    const program = this.run("broker", [SIMULATOR, "broker", "--port", String(port), "--exit-with-stdin"]);
    await program.firstLine();
    this.broker = { port, program };
  }

  /** Cuts the broker off: everybody's connection ends, and it takes no new one. */
  async stopBroker(): Promise<void> {
    await this.broker?.program.stop();
  }

  /** Creates a device, with the given configuration where there is one. */
  async addDevice(config?: Record<string, unknown>): Promise<Device> {
    const imei = `8600000${String(Date.now() % 1e5).padStart(5, "0")}${String(++imeis).padStart(3, "0")}`;
    const { id, token } = await this.api.ok("POST", "devices", { name: `device ${imei}`, imei });
    if (config) await this.api.ok("PUT", `devices/${id}/config`, config);
    return { id, token, imei };
  }

  /** A configuration that connects a module to this world's broker; `mqtt` overrides single settings. */
  config(mqtt: Record<string, unknown> = {}, rest: Record<string, unknown> = {}): Record<string, unknown> {
    return {
      mqtt: { host: "127.0.0.1", port: this.broker?.port, clientId: "e2e-{imei}", keepAliveS: 30, ...mqtt },
      subscriptions: [{ topic: "e2e/{imei}", qos: 1 }],
      ...rest,
    };
  }

  /** Starts a virtual module on a pseudo-terminal. */
  async startModule(device: Device, args: string[] = []): Promise<VirtualModule> {
    const program = this.run("module", [
      SIMULATOR,
      ...["--pty", "--broker", this.brokerUrl, "--imei", device.imei, "--exit-with-stdin"],
      ...args,
    ]);
    return new VirtualModule(program, await program.firstLine());
  }

  /** Starts a real agent process on a module's serial port. */
  startAgent(device: Device, module: Pick<VirtualModule, "port">, server = this.url): Program {
    return this.run("agent", [AGENT, "--server", server.replace("http", "ws"), "--port", module.port], {
      MN316_TOKEN: device.token,
      MN316_DATA_DIR: path.join(this.folder, `agent-${device.imei}`),
    });
  }

  /** Runs a program of the repository that `stop()` will end. */
  run(name: string, args: string[], env: Record<string, string | undefined> = {}): Program {
    return this.adopt(new Program(name, args, { ipc: true, env }));
  }

  /** Takes on a program that runs: `stop()` will end it. */
  adopt(program: Program): Program {
    this.programs.push(program);
    return program;
  }

  /** What a process holds in memory, the server's unless another is named; 0 where the system does not tell. */
  residentMib(program = this.server): number {
    try {
      const status = readFileSync(`/proc/${program.child.pid}/status`, "utf8");
      return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1_024);
    } catch {
      return 0;
    }
  }

  /** Stops every process, the last started first, and removes their data. */
  async stop(): Promise<void> {
    this.forget();
    for (const program of this.programs.reverse()) await program.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
