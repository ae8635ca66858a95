import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { freePort } from "../../../../tools/lib/processes.mjs";

/** A Redis of the test's own, as docker-compose.yml sets it up: nothing is evicted. */
export class OwnRedis {
  private port = 0;
  private child: ChildProcess | undefined;

  /** Whether this machine has the program at all. */
  static readonly isInstalled = spawnSync("redis-server", ["--version"]).status === 0;

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it, or starts it again on the same port; what it held is gone then. */
  async start(): Promise<void> {
    this.port ||= await freePort(0);
    const args = ["--port", String(this.port), "--bind", "127.0.0.1", "--save", "", "--maxmemory-policy", "noeviction"];
    this.child = spawn("redis-server", args, { stdio: "ignore" });
    while (!(await this.answers())) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  async kill(): Promise<void> {
    const { child } = this;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }

  private answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.port, "127.0.0.1");
      const settle = (isOpen: boolean) => {
        socket.destroy();
        resolve(isOpen);
      };
      socket.once("connect", () => settle(true)).once("error", () => settle(false));
    });
  }
}
