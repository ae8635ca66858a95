import path from "node:path";
import { freePort, Program } from "../../../../../tools/lib/processes.mjs";
import { ROOT } from "../../../../../tools/lib/workspace.mjs";
import type { Api } from "../../harness/api";
import { VirtualModule } from "../../harness/virtual-module";
import type { Clocks } from "./clocks";

const AGENT = path.join(ROOT, "apps/agent/dist/mn316-agent.js");
const SIMULATOR = path.join(ROOT, "apps/simulator/dist/mn316-sim.js");

export interface FieldOptions {
  imei: string;
  server: string;
  broker: string;
  folder: string;
  timeScale: number;
}

/** A gateway as it stands in the field: an agent's process and a module's, on a TCP serial line between them. */
export class FieldDevice {
  private agent: Program | undefined;
  private module: { program: Program; line: VirtualModule } | undefined;
  /** What modules that are gone had been told. */
  private readonly formerCommands: string[] = [];

  private constructor(
    readonly deviceId: string,
    private readonly token: string,
    private readonly linePort: number,
    private readonly options: FieldOptions,
    private readonly clocks: Clocks,
  ) {}

  static async start(api: Api, options: FieldOptions, clocks: Clocks): Promise<FieldDevice> {
    const { imei, broker } = options;
    const { id, token } = await api.ok("POST", "devices", { name: `field ${imei}`, imei, tags: ["field"] });
    const { hostname: host, port } = new URL(broker);
    await api.ok("PUT", `devices/${id}/config`, {
      mqtt: { host, port: Number(port), clientId: "field-{imei}", keepAliveS: 20, pingEcho: true },
      subscriptions: [{ topic: "field/{imei}", qos: 1 }],
      recovery: { reopenAfterS: 1, backoff: 2, maxReopens: 5, thenRestart: true },
    });
    const device = new FieldDevice(id, token, await freePort(0), options, clocks);
    await device.startModule();
    device.startAgent();
    return device;
  }

  get clock(): string {
    return `agent-${this.options.imei}`;
  }

  get pids(): number[] {
    return [this.agent, this.module?.program].flatMap((program) => program?.child.pid ?? []);
  }

  startAgent(): void {
    const { server, folder, imei } = this.options;
    const port = `tcp://127.0.0.1:${this.linePort}`;
    this.agent = new Program("agent", [AGENT, "--server", server.replace("http", "ws"), "--port", port], {
      ipc: true,
      env: {
        ...this.clocks.env(this.clock),
        MN316_TOKEN: this.token,
        MN316_DATA_DIR: path.join(folder, `agent-${imei}`),
      },
    });
  }

  async killAgent(): Promise<void> {
    await kill(this.agent);
  }

  async startModule(): Promise<void> {
    const { broker, imei, timeScale } = this.options;
    const program = new Program("module", [
      ...[SIMULATOR, "--tcp", String(this.linePort), "--broker", broker, "--imei", imei],
      ...["--time-scale", String(timeScale), "--exit-with-stdin"],
    ]);
    await program.firstLine();
    this.module = { program, line: new VirtualModule(program, "") };
  }

  /** Kills the module; its commands are asked for before, so that none is forgotten. */
  async killModule(): Promise<void> {
    // Read and killed while the agent is stopped: no command can come between.
    const pid = this.agent?.child.pid;
    if (pid !== undefined) process.kill(pid, "SIGSTOP");
    this.formerCommands.push(...((await this.module?.line.commands()) ?? []));
    await kill(this.module?.program);
    this.module = undefined;
    if (pid !== undefined) process.kill(pid, "SIGCONT");
  }

  /** All AT commands that its modules ever got. */
  async commands(): Promise<string[]> {
    return [...this.formerCommands, ...((await this.module?.line.commands()) ?? [])];
  }

  async stop(): Promise<void> {
    await this.agent?.stop();
    await this.module?.program.stop();
  }
}

async function kill(program: Program | undefined): Promise<void> {
  if (!program) return;
  program.stopping = true;
  program.child.kill("SIGKILL");
  await program.exited;
}
