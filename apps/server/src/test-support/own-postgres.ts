import { eventually } from "@mn316-fleet/testkit";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { freePort } from "../../../../tools/lib/processes.mjs";
import { PostgresProcess } from "../platform/database/postgres-process";

/** A PostgreSQL of the test's own, which it may stop, kill and start again on the same port. */
export class OwnPostgres {
  private constructor(
    private readonly server: PostgresProcess,
    private readonly folder: string,
  ) {}

  static async start(): Promise<OwnPostgres> {
    const folder = mkdtempSync(path.join(tmpdir(), "mn316-own-postgres-"));
    const account = { user: "postgres", password: "postgres" };
    const server = new PostgresProcess({ folder: path.join(folder, "data"), port: await freePort(0), ...account });
    await server.make();
    await server.start();
    return new OwnPostgres(server, folder);
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
    const pid = Number(readFileSync(path.join(this.folder, "data", "postmaster.pid"), "utf8").split("\n")[0]);
    process.kill(pid, "SIGQUIT");
    await eventually(() => {
      if (isAlive(pid)) throw new Error(`PostgreSQL (${pid}) still runs`);
    });
  }

  startAgain(): Promise<void> {
    return this.server.start();
  }

  async remove(): Promise<void> {
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
