import type { UnnumberedEvent } from "@mn316-fleet/protocol";
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { performance } from "node:perf_hooks";
import { WebSocketServer } from "ws";
import type { AddressInfo } from "node:net";
import { ROOT } from "../../../../tools/lib/workspace.mjs";
import { readStatus } from "../../../agent/src/status-socket";
import { openOutbox } from "../../../../libs/agent-core/src/test-support/open-outbox";
import { World } from "../harness/world";
import { EventStream, eventsOf } from "./event-stream";
import { type Bench, type Figure, quantile, rounded } from "./figure";

const PROGRAM = path.join(ROOT, "apps/agent/dist/mn316-agent.js");
const LAUNCHER = path.join(ROOT, "apps/agent/bin/mn316-agent.js");
/** A day of a module that has an event every 0.9 s. */
const DAY = 100_000;
const ROUNDS = 10;
const STARTS = 10;
const OUTBOX_MIB = "1024";
const AT_ONCE = 1_000;

/**
 * A day's events from an agent's disk to the server's, beside the same events sent from memory by a client that does nothing
 * else; the agent's memory over ten such days; and how soon after its start it says hello.
 */
export const agentBench: Bench = async () => {
  const world = new World();
  try {
    await world.startServer();
    const device = await world.addDevice();
    const dataDir = path.join(world.folder, "agent");
    await fill(dataDir, DAY * ROUNDS);
    const flags = /node (.*)\n/.exec(readFileSync(LAUNCHER, "utf8"))?.[1]?.split(" ") ?? [];
    const child = spawn(process.execPath, [...flags, PROGRAM], {
      stdio: "ignore",
      env: {
        PATH: process.env.PATH,
        MN316_SERVER: world.url.replace("http", "ws"),
        MN316_TOKEN: device.token,
        MN316_PORT: "tcp://127.0.0.1:1", // no module: its line is not what is measured
        MN316_DATA_DIR: dataDir,
        MN316_OUTBOX_MIB: OUTBOX_MIB,
      },
    });
    const { seconds, rssKib } = await watch(child, dataDir);
    child.kill("SIGTERM");
    await new Promise((resolve) => child.once("exit", resolve));
    const baseline = await fromMemory(world);
    const value = median(seconds);
    const [first = 0, last = 0] = [rssKib[0], rssKib.at(-1)];
    const helloMs = await timeStarts(world, flags);
    return [
      {
        ...{ bench: "agent", value: rounded(DAY / value), unit: "events/s", events: DAY, seconds: rounded(value) },
        baseline: rounded(DAY / baseline),
        baselineIs: "the same events and batches sent from memory, nothing on disk and nothing to remove",
        ratio: rounded(baseline / value),
      },
      {
        ...memory("agent-memory", last),
        afterEvents: DAY * ROUNDS,
        first100kMib: mib(first),
        mostMib: mib(Math.max(...rssKib)),
      },
      {
        ...{ bench: "agent-start", value: rounded(quantile(helloMs, 0.5)), unit: "ms to hello" },
        ...{ p50Ms: rounded(quantile(helloMs, 0.5)), p99Ms: rounded(quantile(helloMs, 0.99)) },
      },
    ];
  } finally {
    await world.stop();
  }
};

const mib = (kib: number) => rounded(kib / 1024);
const memory = (bench: string, kib: number): Figure => ({ bench, value: mib(kib), unit: "MiB RSS" });
const median = (values: readonly number[]) => quantile(values, 0.5);

async function fill(dataDir: string, count: number): Promise<void> {
  const outbox = await openOutbox(dataDir, { limitBytes: Number.MAX_SAFE_INTEGER });
  let appended: Promise<void>[] = [];
  for (const { seq, ...event } of eventsOf(Date.now() - 86_400_000)) {
    appended.push(outbox.append(event as UnnumberedEvent));
    if (appended.length === AT_ONCE || seq === count) {
      await Promise.all(appended);
      appended = [];
    }
    if (seq === count) break;
  }
  await outbox.close();
}

/** Seconds that each day's events took, and the memory behind each, until the outbox is empty. */
async function watch(child: ChildProcess, dataDir: string): Promise<{ seconds: number[]; rssKib: number[] }> {
  const seconds: number[] = [];
  const rssKib: number[] = [];
  let mark = 0;
  let since = 0;
  for (let left = DAY * ROUNDS; left > 0;) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const status = await readStatus(dataDir).catch(() => undefined);
    if (!status?.agent.server.isConnected) continue;
    since ||= performance.now();
    // What happened since the start (no module on the line) stands behind what was there before.
    left = status.agent.outbox.waiting <= AT_ONCE ? 0 : status.agent.outbox.waiting;
    const done = Math.floor((DAY * ROUNDS - left) / DAY);
    if (done <= mark) continue;
    const now = performance.now();
    seconds.push((now - since) / 1_000 / (done - mark));
    rssKib.push(rssOf(child.pid ?? 0));
    [mark, since] = [done, now];
  }
  return { seconds, rssKib };
}

function rssOf(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  } catch {
    return Number.NaN; // only Linux tells
  }
}

/** @returns seconds */
async function fromMemory(world: World): Promise<number> {
  const { token } = await world.addDevice();
  const stream = new EventStream(world.url, token, 200, 4);
  await stream.open();
  const began = performance.now();
  stream.start();
  while (stream.acked < DAY) await new Promise((resolve) => setTimeout(resolve, 5));
  const seconds = (performance.now() - began) / 1_000;
  await stream.finish();
  return seconds;
}

/** From the start of a process to its hello, with an outbox as it is after a while; ms. */
async function timeStarts(world: World, flags: string[]): Promise<number[]> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: ([first]) => first ?? false });
  await new Promise((resolve) => server.once("listening", resolve));
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const dataDir = path.join(world.folder, "start");
  await fill(dataDir, AT_ONCE);
  const times: number[] = [];
  for (let start = 0; start < STARTS; start++) {
    const began = performance.now();
    const hello = new Promise<void>((resolve) => {
      server.once("connection", (socket) => socket.once("message", () => resolve()));
    });
    const child = spawn(process.execPath, [...flags, PROGRAM], {
      stdio: "ignore",
      env: { MN316_SERVER: url, MN316_TOKEN: "x", MN316_PORT: "tcp://127.0.0.1:1", MN316_DATA_DIR: dataDir },
    });
    await hello;
    times.push(performance.now() - began);
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("exit", resolve));
  }
  for (const client of server.clients) client.terminate();
  server.close();
  return times;
}
