import path from "node:path";
import { Program } from "../../../../tools/lib/processes.mjs";
import { ROOT } from "../../../../tools/lib/workspace.mjs";
import { noteRunning } from "../../../server/src/test-support/left-running";
import { OwnPostgres } from "../../../server/src/test-support/own-postgres";
import { Cluster } from "../harness/cluster";
import { BenchAgent, latenciesOf } from "./bench-agent";
import { pause } from "./crowd";
import { type Bench, type Figure, quantile, rounded } from "./figure";

const PEERS = path.join(ROOT, "apps/e2e/dist/flood-peers.js");
const KINDS = {
  batches: "batches of events that look like news, as fast as the socket takes them",
  garbage: "frames as large as may be that are wrong at their end, and again behind each close",
  reconnects: "twenty connections at once with the right token, given up as soon as they are welcomed",
};
const FLOODERS = [1, 10];
/** Devices that nobody may hurt; each tells something every second. */
const OTHERS = 200;
const EVERY_MS = 1_000;
const WATCH_MS = 10_000;
/** Until a flood is what it will be, and until nothing of it is left. */
const SETTLE_MS = 3_000;

/**
 * What a device that floods does to all others: how long their events take until they are acknowledged, while none, one and ten
 * devices flood. Fails where an event of the others is lost or doubled.
 */
export const floodBench: Bench = async () => {
  const postgres = await OwnPostgres.start();
  const cluster = new Cluster({ DATABASE_URL: postgres.url });
  const others: BenchAgent[] = [];
  try {
    await cluster.addNode();
    const [url = ""] = cluster.urls;
    const devices = await cluster.addDevices(OTHERS, "others");
    others.push(...devices.map(({ token }) => new BenchAgent(url, token)));
    await cluster.pool.query("ANALYZE");
    for (const agent of others) await agent.open();
    const pacing = others.map((agent, index) => agent.tellEvery(EVERY_MS, (index * EVERY_MS) / OTHERS));
    await pause(SETTLE_MS);
    const quiet = await latenciesOf(others, () => pause(WATCH_MS));
    const figures: Figure[] = [];
    for (const [kind, what] of Object.entries(KINDS))
      for (const count of FLOODERS) {
        const flooders = await cluster.addDevices(count, "flood");
        const stop = await flood(
          kind,
          url,
          flooders.map(({ token }) => token),
        );
        await pause(SETTLE_MS);
        const flooded = await latenciesOf(others, () => pause(WATCH_MS));
        await stop();
        await pause(SETTLE_MS);
        figures.push(compared(`flood, ${kind} of ${count}`, what, flooded, quiet));
      }
    for (const stop of pacing) stop();
    while (others.some(({ underWay }) => underWay > 0)) await pause(20);
    const expected = others.reduce((sum, { acked }) => sum + acked, 0);
    const { rows } = await cluster.pool.query<{ count: string }>(
      "SELECT count(*) FROM module_event WHERE device_id = ANY ($1::uuid[])",
      [devices.map(({ deviceId }) => deviceId)],
    );
    if (Number(rows[0]?.count) !== expected) throw new Error(`${rows[0]?.count} events are stored of ${expected}`);
    return figures;
  } finally {
    for (const agent of others) agent.close();
    await cluster.stop();
    await postgres.remove();
  }
};

/** @returns ends it */
async function flood(kind: string, url: string, tokens: readonly string[]): Promise<() => Promise<void>> {
  const program = new Program("flood", [PEERS, kind, url], { ipc: true });
  const forget = noteRunning(() => program.stop());
  program.child.stdin?.write(`${tokens.join("\n")}\n\n`);
  await program.firstLine();
  return async () => {
    if (program.child.exitCode !== null) throw new Error(`the flood ended early:\n${program.lastLines.join("\n")}`);
    await program.stop();
    forget();
  };
}

function compared(bench: string, flood: string, flooded: readonly number[], quiet: readonly number[]): Figure {
  const [p99Ms, quietMs] = [quantile(flooded, 0.99), quantile(quiet, 0.99)];
  return {
    bench,
    value: rounded(p99Ms),
    unit: "ms",
    baseline: rounded(quietMs),
    baselineIs: "the same without a flood",
    ratio: rounded(p99Ms / quietMs),
    p50Ms: rounded(quantile(flooded, 0.5)),
    p99Ms: rounded(p99Ms),
    baselineP50Ms: rounded(quantile(quiet, 0.5)),
    /** Of 2,000: what is missing was not acknowledged within the time. */
    events: flooded.length,
    flood,
  };
}
