/**
 * Before the tests: one PostgreSQL for all suites (the one of FLEET_TEST_DATABASE_URL, else an embedded one) with a
 * migrated template, from which every suite copies a database of its own.
 */
import { build } from "esbuild";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
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
  const { migrate } = await load("migrations");
  await migrate(template.href, path.join(ROOT, "prisma/migrations"));
  process.env.FLEET_TEST_DATABASE_URL = url;
}

async function startEmbedded() {
  const folder = mkdtempSync(path.join(tmpdir(), "mn316-test-postgres-"));
  const { PostgresProcess } = await load("postgres-process");
  const postgres = new PostgresProcess({
    folder: path.join(folder, "data"),
    port: await freePort(0),
    user: "postgres",
    password: "postgres",
    settings: ["max_connections=200", "fsync=off"],
  });
  await postgres.make();
  await postgres.start();
  /** @type {any} */ (globalThis).stopTestPostgres = async () => {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return postgres.url;
}

/**
 * The server's own code, bundled on the spot: the tests' database is started and migrated by what production runs.
 * @param {"migrations" | "postgres-process"} name
 */
async function load(name) {
  const outfile = path.join(ROOT, "coverage", `${name}.mjs`);
  await build({
    entryPoints: [path.join(ROOT, `apps/server/src/platform/database/${name}.ts`)],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    logLevel: "error",
  });
  return import(pathToFileURL(outfile).href);
}
