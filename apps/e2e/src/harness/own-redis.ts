import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { eventually } from "@mn316-fleet/testkit";
import { noteRunning } from "../../../server/src/test-support/left-running";
import { freePort } from "../../../../tools/lib/processes.mjs";

/** A Redis of the test's own. Without a folder it keeps nothing on disk: killed, it comes back without its data. */
export class OwnRedis {
  private process: ChildProcess | undefined;
  private forget: () => void = () => undefined;

  private constructor(
    private readonly port: number,
    private readonly folder: string | undefined,
  ) {}

  /**
   * @param folder where it keeps its data; in memory alone unless given
   * @returns undefined where no redis-server is installed, after saying so
   * @throws in CI, where nothing may be skipped
   */
  static async find(folder?: string): Promise<OwnRedis | undefined> {
    if (spawnSync("redis-server", ["--version"]).status === 0) return new OwnRedis(await freePort(0), folder);
    if (process.env.CI === "true") throw new Error("no redis-server to start");
    process.stderr.write("Skipped: no redis-server to start\n");
    return undefined;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    this.forget();
    this.forget = noteRunning(() => this.kill());
    const args = ["--port", String(this.port), "--bind", "127.0.0.1", "--save", "", "--maxmemory-policy", "noeviction"];
    const onDisk = this.folder === undefined ? ["--appendonly", "no"] : ["--appendonly", "yes", "--dir", this.folder];
    this.process = spawn("redis-server", [...args, ...onDisk], { stdio: "ignore" });
    await eventually(() => this.connects());
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    return this.process?.pid;
  }

  /** Asks it to end, as a restart of its service does. */
  async stop(): Promise<void> {
    await this.end("SIGTERM");
  }

  /** Ends it at once; what it had in memory alone is gone. */
  async kill(): Promise<void> {
    await this.end("SIGKILL");
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const { process } = this;
    if (!process) return;
    this.forget();
    this.process = undefined;
    const exited = once(process, "exit");
    process.kill(signal);
    await exited;
  }

  private async connects(): Promise<void> {
    const socket = connect(this.port, "127.0.0.1");
    try {
      await once(socket, "connect");
    } finally {
      socket.destroy();
    }
  }
}
