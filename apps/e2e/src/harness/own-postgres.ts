import { eventually } from "@mn316-fleet/testkit";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { freePort } from "../../../../tools/lib/processes.mjs";
import { PostgresProcess } from "../../../server/src/platform/database/postgres-process";

/** A PostgreSQL of the test's own, which it may kill and start again on the same port. */
export class OwnPostgres {
  private server: PostgresProcess | undefined;

  constructor(private readonly folder: string) {}

  get url(): string {
    if (!this.server) throw new Error("PostgreSQL was not started");
    return this.server.url;
  }

  private get dataDir(): string {
    return path.join(this.folder, "own-postgres");
  }

  async start(): Promise<void> {
    this.server ??= new PostgresProcess({
      folder: this.dataDir,
      port: await freePort(0),
      user: "postgres",
      password: "postgres",
    });
    if (!this.server.isMade) await this.server.make();
    await this.server.start();
  }

  /** Ends it as a crash would: SIGQUIT drops all connections, writes nothing more, and recovers at the next start. */
  async kill(): Promise<void> {
    const pid = Number((await readFile(path.join(this.dataDir, "postmaster.pid"), "utf8")).split("\n")[0]);
    process.kill(pid, "SIGQUIT");
    await eventually(() => {
      if (isAlive(pid)) throw new Error(`PostgreSQL (${pid}) still runs`);
    });
  }

  async stop(): Promise<void> {
    await this.server?.stop();
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
