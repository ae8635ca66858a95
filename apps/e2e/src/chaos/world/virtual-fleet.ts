import { readFileSync } from "node:fs";
import path from "node:path";
import { Program } from "../../../../../tools/lib/processes.mjs";
import { ROOT } from "../../../../../tools/lib/workspace.mjs";
import type { Clocks } from "./clocks";

const SIMULATOR = path.join(ROOT, "apps/simulator/dist/mn316-sim.js");

export interface FleetOptions {
  devices: number;
  /** Agents of one process; each holds some ten file descriptors. */
  perProcess: number;
  server: string;
  broker: string;
  adminKey: string;
  folder: string;
  /** So many times faster than the manual's. */
  timeScale: number;
  outagesPerHour: number;
  seed: number;
}

/** Real agents on virtual modules, many in a process. */
export class VirtualFleet {
  readonly deviceIds: readonly string[];
  private readonly programs: Program[] = [];

  private constructor(
    private readonly options: FleetOptions,
    private readonly clocks: Clocks,
  ) {
    const devices = JSON.parse(readFileSync(this.devicesFile, "utf8")) as { id: string }[];
    this.deviceIds = devices.map(({ id }) => id);
  }

  /** Creates the devices, and starts their agents. */
  static async start(options: FleetOptions, clocks: Clocks): Promise<VirtualFleet> {
    const { devices, server, broker, adminKey, folder } = options;
    const register = new Program("register", [
      ...[SIMULATOR, "register", "--devices", String(devices), "--server", server, "--broker", broker],
      ...["--api-key", adminKey, "--devices-file", path.join(folder, "devices.json")],
    ]);
    const code = await register.exited;
    if (code !== 0) throw new Error(`the fleet's devices were not created (${code}): ${register.lastLines.join("\n")}`);
    const fleet = new VirtualFleet(options, clocks);
    for (let index = 0; index < fleet.processes; index++) await fleet.startProcess(index);
    return fleet;
  }

  /** How many processes it takes. */
  get processes(): number {
    return Math.ceil(this.options.devices / this.options.perProcess);
  }

  get pids(): number[] {
    return this.programs.flatMap(({ child }) => child.pid ?? []);
  }

  /** The name of the clock of one process. */
  clockOf(index: number): string {
    return `fleet-${index}`;
  }

  /** Starts the agents of one process, again on what they left on their disks. */
  async startProcess(index: number): Promise<void> {
    const { perProcess, devices, server, broker, folder, timeScale, outagesPerHour, seed } = this.options;
    const program = new Program(
      `fleet ${index}`,
      [
        ...[SIMULATOR, "fleet", "--first", String(index * perProcess)],
        ...["--devices", String(Math.min(devices, (index + 1) * perProcess))],
        ...["--server", server, "--broker", broker, "--devices-file", this.devicesFile, "--data-dir", folder],
        ...["--time-scale", String(timeScale), "--outages", String(outagesPerHour), "--seed", String(seed)],
        ...["--log-level", "error", "--exit-with-stdin"],
      ],
      { env: this.clocks.env(this.clockOf(index)) },
    );
    this.programs[index] = program;
    await program.firstLine();
  }

  /** Kills the agents of one process as a power cut would. */
  async kill(index: number): Promise<void> {
    const program = this.programs[index];
    if (!program) throw new RangeError(`there is no process ${index} of the fleet`);
    program.stopping = true;
    program.child.kill("SIGKILL");
    await program.exited;
  }

  async stop(): Promise<void> {
    await Promise.all(this.programs.map((program) => program.stop()));
  }

  private get devicesFile(): string {
    return path.join(this.options.folder, "devices.json");
  }
}
