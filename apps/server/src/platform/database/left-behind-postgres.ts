import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { Client } from "pg";

/** After its server died, PostgreSQL notices the closed connections within moments. */
const SESSIONS_END_MS = 3_000;
const SHUTDOWN_MS = 60_000;
const LOOK_EVERY_MS = 50;

/** The data folder belongs to a server that is running. */
export class DataFolderInUseError extends Error {
  constructor(folder: string) {
    super(`the data folder ${folder} is in use by another server: stop that one, or set FLEET_DATA_DIR`);
  }
}

/**
 * A server that was killed leaves its PostgreSQL running on the data: ends that one properly, so that a new one can start.
 * @param urlOf how to reach the one of a port
 * @throws DataFolderInUseError where a server is still at work on it
 */
export async function endLeftBehind(databaseDir: string, urlOf: (port: number) => string): Promise<void> {
  const file = await readFile(path.join(databaseDir, "postmaster.pid"), "utf8").catch(() => "");
  const [pidLine, , , portLine] = file.split("\n");
  const pid = Number(pidLine);
  // The number in a stale file may meanwhile be another process's: only the command line tells.
  if (!Number.isInteger(pid) || pid <= 1 || !(await commandLineOf(pid)).includes(databaseDir)) return;
  if (!(await becomesTrue(async () => !(await hasServer(urlOf(Number(portLine)))), SESSIONS_END_MS)))
    throw new DataFolderInUseError(path.dirname(databaseDir));
  process.kill(pid, "SIGINT"); // fast shutdown: rolls back what is open and writes a checkpoint
  if (!(await becomesTrue(async () => (await commandLineOf(pid)) === "", SHUTDOWN_MS)))
    throw new Error(`the PostgreSQL that a killed server left behind (process ${pid}) does not end`);
}

/** Whether a server of ours is connected to this PostgreSQL; one that takes no connections has none. */
async function hasServer(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rowCount } = await client.query(
      "SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'mn316-fleet%' AND pid <> pg_backend_pid() LIMIT 1",
    );
    return rowCount !== 0;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Empty where no such process runs. */
async function commandLineOf(pid: number): Promise<string> {
  if (process.platform === "linux") return readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  try {
    return (await promisify(execFile)("ps", ["-o", "command=", "-p", String(pid)])).stdout;
  } catch {
    return "";
  }
}

async function becomesTrue(check: () => Promise<boolean>, withinMs: number): Promise<boolean> {
  for (const deadline = Date.now() + withinMs; Date.now() < deadline;) {
    if (await check()) return true;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return false;
}
