import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Client } from "pg";
import { freePort } from "../../../../tools/lib/processes.mjs";
import { PostgresProcess } from "../../../server/src/platform/database/postgres-process";

const SERVER = ["initdb", "postgres", "pg_ctl"] as const;
const TOOLS = ["pg_dump", "pg_restore"] as const;
/** Debian keeps those of each version beside each other, out of the path. */
const DEBIAN = "/usr/lib/postgresql";

/**
 * A PostgreSQL of the system's own packages, with its tools: npm ships a server without any, and pg_dump takes no server that
 * is newer than itself.
 */
export class InstalledPostgres {
  private readonly folder = mkdtempSync(path.join(tmpdir(), "mn316-installed-postgres-"));
  private server: PostgresProcess | undefined;

  private constructor(private readonly programs: string) {}

  /**
   * @returns undefined where none is installed, after saying so
   * @throws in CI, where nothing may be skipped
   */
  static find(): InstalledPostgres | undefined {
    const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : [];
    const folders = [
      ...(process.env.PATH ?? "").split(path.delimiter),
      ...versions.map((version) => `${DEBIAN}/${version}/bin`),
    ];
    const found = folders.find((folder) => [...SERVER, ...TOOLS].every((name) => existsSync(path.join(folder, name))));
    if (found !== undefined) return new InstalledPostgres(found);
    const message = "no PostgreSQL with pg_dump is installed";
    if (process.env.CI === "true") throw new Error(message);
    process.stderr.write(`Skipped: ${message}\n`);
    return undefined;
  }

  /** The path of one of its programs. */
  program(name: (typeof SERVER)[number] | (typeof TOOLS)[number]): string {
    return path.join(this.programs, name);
  }

  async start(): Promise<void> {
    const account = { user: "postgres", password: "postgres" };
    const place = { folder: path.join(this.folder, "data"), port: await freePort(0) };
    const [initdb, postgres, pg_ctl] = SERVER.map((name) => this.program(name)) as [string, string, string];
    this.server = new PostgresProcess({ ...place, ...account }, () => Promise.resolve({ initdb, postgres, pg_ctl }));
    await this.server.make();
    await this.server.start();
  }

  /** Makes an empty database. @returns its address */
  async createDatabase(name: string): Promise<string> {
    const url = new URL(this.server!.url);
    const client = new Client({ connectionString: url.href });
    await client.connect();
    await client.query(`CREATE DATABASE ${name}`);
    await client.end();
    url.pathname = `/${name}`;
    return url.href;
  }

  async remove(): Promise<void> {
    await this.server?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
