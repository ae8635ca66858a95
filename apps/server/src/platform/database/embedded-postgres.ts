import { mkdir, rename, rm } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import { Client } from "pg";
import type { Logger } from "pino";
import { keptPassword } from "./kept-password";
import { endLeftBehind } from "./left-behind-postgres";
import { PostgresProcess } from "./postgres-process";

const DATABASE = "fleet";
const USER = "fleet";
const RESTART_AFTER_MS = 1_000;
const UNKNOWN_DATABASE = "3D000";

/** A PostgreSQL of the server's own, for installations that name none: binaries from npm, data in the data folder. */
export class OwnPostgres {
  private isStopping = false;
  private restarting = Promise.resolve();

  private constructor(
    readonly url: string,
    private readonly postgres: PostgresProcess,
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
    const open = (folder: string) =>
      new PostgresProcess({ folder, port, user: USER, password, settings: ["max_connections=100"] });
    try {
      if (!open(databaseDir).isMade) await makeCluster(databaseDir, open);
      const postgres = open(databaseDir);
      await postgres.start();
      const url = urlOf(port, password);
      await createDatabaseIfMissing(url, postgres.url);
      return new OwnPostgres(url, postgres, logger);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`the embedded PostgreSQL did not start in ${databaseDir}: ${reason}`, { cause: error });
    }
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    await this.restarting;
    await this.postgres.stop();
  }

  /** Out of memory or by a person's hand: it comes back on the same port, and the pools connect again by themselves. */
  private startAgainWhenEnded(): void {
    this.postgres.onceEnded((how) => {
      if (this.isStopping) return;
      this.logger.error(how, "the embedded PostgreSQL ended; starting it again");
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

/** Makes the cluster aside and moves it into place when it is whole, so that no half-made one is ever started. */
async function makeCluster(databaseDir: string, open: (folder: string) => PostgresProcess): Promise<void> {
  const unfinished = `${databaseDir}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await open(unfinished).make();
  await rename(unfinished, databaseDir);
}

/** The start may have been cut off between making the cluster and making its database. */
async function createDatabaseIfMissing(url: string, maintenanceUrl: string): Promise<void> {
  const client = new Client({ connectionString: url });
  try {
    await client.connect();
  } catch (error) {
    if ((error as { code?: unknown }).code !== UNKNOWN_DATABASE) throw error;
    const maintenance = new Client({ connectionString: maintenanceUrl });
    await maintenance.connect();
    await maintenance.query(`CREATE DATABASE ${DATABASE}`).finally(() => maintenance.end());
  } finally {
    await client.end();
  }
}

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
