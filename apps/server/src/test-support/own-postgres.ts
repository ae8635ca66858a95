import { eventually } from "@mn316-fleet/testkit";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { freePort } from "../../../../tools/lib/processes.mjs";
import { PostgresProcess } from "../platform/database/postgres-process";
import { noteRunning } from "./left-running";

/** A PostgreSQL of the test's own, which it may stop, kill and start again on the same port. */
export class OwnPostgres {
  private readonly forget = noteRunning(() => this.remove());

  private constructor(
    private readonly server: PostgresProcess,
    private readonly folder: string,
  ) {}

  /**
   * @param folder for its data, which `remove` deletes; a new one unless given
   * @param settings as `name=value`
   */
  static async start(
    folder = mkdtempSync(path.join(tmpdir(), "mn316-own-postgres-")),
    settings: readonly string[] = [],
  ): Promise<OwnPostgres> {
    const account = { user: "postgres", password: "postgres" };
    const place = { folder: path.join(folder, "data"), port: await freePort(0) };
    const server = new PostgresProcess({ ...place, ...account, settings });
    const postgres = new OwnPostgres(server, folder);
    await server.make();
    await server.start();
    return postgres;
  }

  get url(): string {
    return this.server.url;
  }

  /** Cuts all connections, as a restart of the machine does. */
  stop(): Promise<void> {
    return this.server.stop();
  }

  /** Ends it as a crash would: SIGQUIT drops all connections, writes nothing more, and recovers at the next start. */
  async kill(): Promise<void> {
    const { pid } = this;
    process.kill(pid, "SIGQUIT");
    await eventually(() => {
      if (isAlive(pid)) throw new Error(`PostgreSQL (${pid}) still runs`);
    });
  }

  /** Of its first process, the postmaster. */
  get pid(): number {
    return Number(readFileSync(this.pidFile, "utf8").split("\n")[0]);
  }

  private get pidFile(): string {
    return path.join(this.folder, "data", "postmaster.pid");
  }

  get isRunning(): boolean {
    return existsSync(this.pidFile) && isAlive(this.pid);
  }

  startAgain(): Promise<void> {
    return this.server.start();
  }

  async remove(): Promise<void> {
    this.forget();
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
