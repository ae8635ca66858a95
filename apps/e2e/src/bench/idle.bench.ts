import { readFileSync } from "node:fs";
import path from "node:path";
import { Pool } from "pg";
import type { Program } from "../../../../tools/lib/processes.mjs";
import { ROOT } from "../../../../tools/lib/workspace.mjs";
import { hashCredential, newCredential } from "../../../server/src/auth/credentials";
import { OwnPostgres } from "../../../server/src/test-support/own-postgres";
import { World } from "../harness/world";
import { type Bench, rounded } from "./figure";

const PEERS = path.join(ROOT, "apps/e2e/dist/idle-peers.js");
const AGENTS = 20_000;
const CLIENTS = 2;
/** Of a process's file descriptors, what it needs beside its agents'. */
const OTHER_FILES = 500;
const SETTLE_MS = 10_000;
const WATCH_MS = 20_000;
const CLOCK_TICKS_A_SECOND = 100;

interface Footprint {
  bytesEach: number;
  /** Share of one core. */
  cpu: number;
}

/**
 * Agents that are connected and have nothing to say, heart-beats apart: what the server's process grows by for each, and the
 * CPU that all of them take. The comparison is a bare server of the same WebSocket library with as many connections.
 */
export const idleBench: Bench = async () => {
  const world = new World();
  const postgres = await OwnPostgres.start();
  try {
    const agents = Math.min(AGENTS, openFilesLimit() - OTHER_FILES);
    await world.startServer({ DATABASE_URL: postgres.url, LOG_LEVEL: "error" });
    const tokens = await addDevices(postgres.url, agents);
    const ours = await footprint(world, world.server, world.url, tokens);
    const bare = world.run("bare server", [PEERS, "serve"]);
    const theirs = await footprint(world, bare, await bare.firstLine(), tokens);
    return [
      {
        bench: "idle",
        value: rounded(ours.bytesEach / 1_024),
        unit: "KiB each",
        baseline: rounded(theirs.bytesEach / 1_024),
        baselineIs: "bare ws server",
        ratio: rounded(ours.bytesEach / theirs.bytesEach),
        agents,
        cpuPercent: rounded(100 * ours.cpu),
        bareCpuPercent: rounded(100 * theirs.cpu),
      },
    ];
  } finally {
    await world.stop();
    await postgres.remove();
  }
};

/** Connects all of them from processes of their own, and looks at the server before and after. */
async function footprint(world: World, server: Program, url: string, tokens: readonly string[]): Promise<Footprint> {
  const pid = server.child.pid ?? 0;
  const before = residentBytes(pid);
  const share = Math.ceil(tokens.length / CLIENTS);
  const clients = Array.from({ length: CLIENTS }, (_, index) => {
    const client = world.run("idle agents", [PEERS, "connect", url]);
    client.child.stdin?.write(`${tokens.slice(index * share, (index + 1) * share).join("\n")}\n\n`);
    return client;
  });
  await Promise.all(clients.map((client) => client.firstLine()));
  await pause(SETTLE_MS);
  const cpuBefore = cpuSeconds(pid);
  await pause(WATCH_MS);
  const cpu = (cpuSeconds(pid) - cpuBefore) / (WATCH_MS / 1_000);
  const bytesEach = (residentBytes(pid) - before) / tokens.length;
  await Promise.all(clients.map((client) => client.stop()));
  return { bytesEach, cpu };
}

/** As the server makes them, but all at once. */
async function addDevices(url: string, count: number): Promise<string[]> {
  const tokens = Array.from({ length: count }, () => newCredential("deviceToken"));
  const pool = new Pool({ connectionString: url, max: 1 });
  await pool.query(
    `WITH made AS (INSERT INTO device (fleet_id, name) SELECT 0, 'idle' FROM generate_series(1, $1) RETURNING id),
          states AS (INSERT INTO device_state (device_id) SELECT id FROM made),
          numbered AS (SELECT id, row_number() OVER () AS number FROM made)
     INSERT INTO device_token (device_id, hash)
     SELECT id, hash FROM numbered JOIN unnest($2::bytea[]) WITH ORDINALITY AS v (hash, number) USING (number)`,
    [count, tokens.map(hashCredential)],
  );
  await pool.end();
  return tokens;
}

const residentBytes = (pid: number) =>
  1_024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);

/** User and system time: fields 14 and 15 of proc_pid_stat(5). */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_A_SECOND;
}

const openFilesLimit = () =>
  Number(/^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1]);

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
