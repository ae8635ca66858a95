import { randomBytes } from "node:crypto";
import { Client } from "pg";

/** Set by Jest's global setup: a PostgreSQL with a migrated template database. */
export const SERVER_VARIABLE = "FLEET_TEST_DATABASE_URL";
export const TEMPLATE = "fleet_test_template";

export interface TestDatabase {
  url: string;
  drop(): Promise<void>;
}

/** A database of the test's own with the current schema, empty. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = process.env[SERVER_VARIABLE];
  if (!server) throw new Error(`${SERVER_VARIABLE} is not set: run the tests through npm test or jest.config.mjs`);
  const name = `fleet_test_${randomBytes(6).toString("hex")}`;
  await onServer(server, `CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`);
  // What a test adds in bare SQL, or by a service that it calls itself, is of the host's fleet.
  await onServer(server, `ALTER DATABASE ${name} SET fleet.id = 0`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => onServer(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

async function onServer(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
