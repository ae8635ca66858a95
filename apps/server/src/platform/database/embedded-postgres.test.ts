import { jest } from "@jest/globals";
import { eventually } from "@mn316-fleet/testkit";
import { build } from "esbuild";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import readline from "node:readline";
import { fileURLToPath } from "node:url";
import { Client } from "pg";

const ROOT = fileURLToPath(new URL("../../../../..", import.meta.url));
const HERE = path.dirname(fileURLToPath(import.meta.url));

jest.setTimeout(60_000);

/** Each in a process of its own, as in production, because that is what gets killed. */
describe("the embedded PostgreSQL", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "mn316-embedded-"));
  const dataDir = path.join(folder, "data");
  const program = path.join(ROOT, "coverage", "embedded-postgres.program.mjs");
  const children = new Set<ChildProcess>();

  beforeAll(async () => {
    await build({
      stdin: {
        contents: `
          import pino from "pino";
          import { OwnPostgres } from "./embedded-postgres";
          try {
            const postgres = await OwnPostgres.start(process.argv[2], pino({ level: "silent" }));
            console.log(postgres.url);
            process.stdin.once("data", () => void postgres.stop().then(() => process.exit(0)));
          } catch (error) {
            console.log("refused: " + error.message);
            process.exit(1);
          }`,
        resolveDir: HERE,
      },
      outfile: program,
      bundle: true,
      platform: "node",
      format: "esm",
      packages: "external",
      logLevel: "error",
    });
  });

  afterAll(async () => {
    for (const child of children) await stop(child);
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(): Promise<{ child: ChildProcess; said: string }> {
    const child = spawn(process.execPath, [program, dataDir], { stdio: ["pipe", "pipe", "inherit"] });
    children.add(child);
    const [said] = (await once(readline.createInterface({ input: child.stdout }), "line")) as [string];
    return { child, said };
  }

  async function stop(child: ChildProcess): Promise<void> {
    children.delete(child);
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.stdin?.write("stop\n");
    await once(child, "exit");
  }

  async function ask<T extends object>(url: string, sql: string, applicationName = "test"): Promise<T[]> {
    const client = new Client({ connectionString: url, application_name: applicationName });
    await client.connect();
    try {
      return (await client.query<T>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  const postmaster = () =>
    Number(readFileSync(path.join(dataDir, "postgres", "postmaster.pid"), "utf8").split("\n")[0]);

  it("starts anew where an earlier start was cut off half-way, and listens on this machine only", async () => {
    mkdirSync(path.join(dataDir, "postgres.unfinished"), { recursive: true });
    writeFileSync(path.join(dataDir, "postgres.unfinished", "PG_VERSION"), "18\n");
    const { child, said } = await start();
    expect(said).toMatch(/^postgres:\/\/fleet:[\w-]+@127\.0\.0\.1:\d+\/fleet$/);
    const [settings] = await ask<{ addresses: string; encoding: string }>(
      said,
      "SELECT current_setting('listen_addresses') AS addresses, current_setting('server_encoding') AS encoding",
    );
    expect(settings).toEqual({ addresses: "127.0.0.1", encoding: "UTF8" });
    expect(statSync(path.join(dataDir, "postgres-password")).mode & 0o777).toBe(0o600);
    await expect(ask(said.replace(/fleet:[\w-]+@/, "fleet:wrong@"), "SELECT 1")).rejects.toThrow(/password/);
    await stop(child);
    expect(existsSync(path.join(dataDir, "postgres", "postmaster.pid"))).toBe(false);
  });

  it("loses nothing that was committed when its server is killed, and takes the place of what was left behind", async () => {
    const first = await start();
    await ask(first.said, "CREATE TABLE kept AS SELECT 316 AS value");
    const left = postmaster();
    first.child.kill("SIGKILL");
    await once(first.child, "exit");
    expect(process.kill(left, 0)).toBe(true);

    const second = await start();
    expect(await ask(second.said, "SELECT value FROM kept")).toEqual([{ value: 316 }]);
    expect(postmaster()).not.toBe(left);
    await stop(second.child);
  });

  it("refuses a data folder on which another server is at work", async () => {
    const first = await start();
    const server = new Client({ connectionString: first.said, application_name: "mn316-fleet" });
    await server.connect();
    const second = await start();
    expect(second.said).toMatch(/refused: the data folder .* is in use by another server/);
    expect(await server.query("SELECT 1")).toMatchObject({ rowCount: 1 });
    await server.end();
    await stop(first.child);
  });

  it("comes back by itself, on the same port, when it ends", async () => {
    const { child, said } = await start();
    const before = postmaster();
    process.kill(before, "SIGQUIT");
    await eventually(
      async () => {
        expect(postmaster()).not.toBe(before);
        expect(await ask(said, "SELECT value FROM kept")).toHaveLength(1);
      },
      { timeoutMs: 30_000 },
    );
    await stop(child);
  });
});
