import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { eventually } from "@mn316-fleet/testkit";
import { freePort } from "../../../../tools/lib/processes.mjs";

/** A Redis of the test's own, which keeps nothing on disk: killed, it comes back without its data. */
export class OwnRedis {
  private process: ChildProcess | undefined;

  private constructor(private readonly port: number) {}

  /**
   * @returns undefined where no redis-server is installed, after saying so
   * @throws in CI, where nothing may be skipped
   */
  static async find(): Promise<OwnRedis | undefined> {
    if (spawnSync("redis-server", ["--version"]).status === 0) return new OwnRedis(await freePort(0));
    if (process.env.CI === "true") throw new Error("no redis-server to start");
    process.stderr.write("Skipped: no redis-server to start\n");
    return undefined;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const args = ["--port", String(this.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
    this.process = spawn("redis-server", [...args, "--maxmemory-policy", "noeviction"], { stdio: "ignore" });
    await eventually(() => this.connects());
  }

  /** Ends it at once; its data are gone. */
  async kill(): Promise<void> {
    const { process } = this;
    if (!process) return;
    this.process = undefined;
    const exited = once(process, "exit");
    process.kill("SIGKILL");
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
