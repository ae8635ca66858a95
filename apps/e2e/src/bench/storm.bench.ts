import { performance } from "node:perf_hooks";
import { OwnPostgres } from "../../../server/src/test-support/own-postgres";
import { Cluster } from "../harness/cluster";
import type { LightAgent } from "../harness/light-agent";
import { OwnRedis } from "../harness/own-redis";
import { connect, createJob, leave, pause, untilExpanded } from "./crowd";
import { type Bench, quantile, rounded } from "./figure";

const DEVICES = 10_000;
const SAMPLE_MS = 100;

/**
 * A whole fleet that comes back at once to one node, with an execution waiting for each device: how long until every one has
 * been done and its result is stored, beside the welcomes alone. Fails where a device gets its execution twice, or not.
 */
export const stormBench: Bench = async () => {
  const redis = await OwnRedis.find();
  if (!redis) return [];
  const postgres = await OwnPostgres.start();
  await redis.start();
  const cluster = new Cluster({ DATABASE_URL: postgres.url, REDIS_URL: redis.url });
  try {
    await cluster.addNode();
    const agents = await cluster.addDevices(DEVICES, "storm");
    await cluster.pool.query("ANALYZE");
    await connect(agents); // warms up
    await leave(cluster, agents);
    let began = performance.now();
    await connect(agents);
    const welcomeS = (performance.now() - began) / 1_000;
    await leave(cluster, agents);

    const { id } = await createJob(cluster, "storm");
    await untilExpanded(cluster, id);
    const arrivals = watch(agents);
    const before = cluster.residentKib(0);
    let most = before;
    const sampling = setInterval(() => (most = Math.max(most, cluster.residentKib(0))), SAMPLE_MS);
    began = performance.now();
    await connect(agents);
    const isOver = async () =>
      (await cluster.pool.query("SELECT 1 FROM job WHERE id = $1 AND status = 'COMPLETED'", [id])).rowCount === 1;
    while (!(await isOver())) await pause(50);
    const seconds = (performance.now() - began) / 1_000;
    clearInterval(sampling);

    const { counts } = await cluster.api().ok("GET", `jobs/${id}`);
    const once = agents.filter(
      (agent) => arrivals.get(agent)?.length === 1 && agent.commands.get(executionOf(agent)) === 1,
    );
    if (counts.succeeded !== DEVICES || once.length !== DEVICES)
      throw new Error(`${counts.succeeded} succeeded and ${once.length} were sent exactly once, of ${DEVICES}`);
    const times = [...arrivals.values()].flat().map((atMs) => atMs - began);
    return [
      {
        bench: "storm",
        value: rounded(seconds),
        unit: "s",
        baseline: rounded(welcomeS),
        baselineIs: "the same devices welcomed with nothing waiting for them",
        ratio: rounded(seconds / welcomeS),
        devices: DEVICES,
        p50Ms: Math.round(quantile(times, 0.5)),
        p99Ms: Math.round(quantile(times, 0.99)),
        mostInOneSecond: mostInOneSecond(times),
        serverMib: Math.round(most / 1_024),
        serverGrewMib: Math.round((most - before) / 1_024),
      },
    ];
  } finally {
    await cluster.stop();
    await redis.kill();
    await postgres.remove();
  }
};

/** Notes when each agent gets an `execute` frame. */
function watch(agents: readonly LightAgent[]): Map<LightAgent, number[]> {
  const arrivals = new Map<LightAgent, number[]>(agents.map((agent) => [agent, []]));
  for (const agent of agents) agent.onExecute = () => arrivals.get(agent)?.push(performance.now());
  return arrivals;
}

function executionOf({ commands }: LightAgent): string {
  return [...commands.keys()][0] ?? "";
}

/** @param times ms since the beginning */
function mostInOneSecond(times: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const time of times) counts.set(Math.floor(time / 1_000), (counts.get(Math.floor(time / 1_000)) ?? 0) + 1);
  return Math.max(...counts.values());
}
