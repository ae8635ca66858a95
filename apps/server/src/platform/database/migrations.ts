import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "pg";

/** Any number that no other advisory lock of the fleet uses. */
const MIGRATION_LOCK = 316_000_001;
const CONNECT_TIMEOUT_MS = 10_000;
/** PostgreSQL 15, as `server_version_num` says it. */
const OLDEST_SERVER = 150_000;

/**
 * Brings the database to this program's schema: forward only, one node at a time, each migration in one transaction.
 * Writes the same `_prisma_migrations` table as Prisma's own command line, which works on it as well.
 * @returns the names of the migrations that were applied now
 * @throws where the server is older than PostgreSQL 15, or where a migration that the database has applied differs from
 *   the file of this program
 */
export async function migrate(url: string, folder = migrationsFolder()): Promise<string[]> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: "mn316-fleet migrations",
  });
  client.on("error", () => undefined); // a connection that breaks: the query rejects
  try {
    await client.connect();
    await requireVersion(client);
    await client.query("SELECT pg_advisory_lock($1)", [MIGRATION_LOCK]);
    await client.query(`CREATE TABLE IF NOT EXISTS _prisma_migrations (
      id varchar(36) PRIMARY KEY NOT NULL, checksum varchar(64) NOT NULL, finished_at timestamptz,
      migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz,
      started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count integer NOT NULL DEFAULT 0)`);
    const { rows } = await client.query<{ name: string; checksum: string }>(
      `SELECT migration_name AS name, checksum FROM _prisma_migrations
        WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL`,
    );
    const applied = new Map(rows.map(({ name, checksum }) => [name, checksum]));
    const added: string[] = [];
    for (const name of await migrationNames(folder)) {
      const sql = await readFile(path.join(folder, name, "migration.sql"), "utf8");
      const checksum = createHash("sha256").update(sql).digest("hex");
      const before = applied.get(name);
      if (before === checksum) continue;
      if (before !== undefined) throw new Error(`migration ${name} was applied with another content`);
      await apply(client, name, checksum, sql);
      added.push(name);
    }
    return added;
  } finally {
    await client.end(); // also releases the lock
  }
}

async function requireVersion(client: Client): Promise<void> {
  const { rows } = await client.query<{ number: string; text: string }>(
    "SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS text",
  );
  if (Number(rows[0]?.number) < OLDEST_SERVER)
    throw new Error(`PostgreSQL ${rows[0]?.text} is too old: 15 or newer is needed`);
}

async function apply(client: Client, name: string, checksum: string, sql: string): Promise<void> {
  await client.query("BEGIN");
  try {
    await client.query(sql);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, now(), 1)`,
      [randomUUID(), checksum, name],
    );
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK");
    throw new Error(`migration ${name} failed: ${(error as Error).message}`, { cause: error });
  }
}

async function migrationNames(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

/** `prisma/migrations` of the repository, found from the source file or from the bundle. */
function migrationsFolder(): string {
  for (let folder = path.dirname(fileURLToPath(import.meta.url)); ; folder = path.dirname(folder)) {
    const candidate = path.join(folder, "prisma", "migrations");
    if (existsSync(candidate)) return candidate;
    if (folder === path.dirname(folder)) throw new Error("prisma/migrations is missing beside the program");
  }
}
