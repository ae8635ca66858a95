import { Queue, Worker } from "bullmq";
import { performance } from "node:perf_hooks";
import { OwnPostgres } from "../../../server/src/test-support/own-postgres";
import { Cluster } from "../harness/cluster";
import { OwnRedis } from "../harness/own-redis";
import { connect, createJob, leave, pause, untilExpanded } from "./crowd";
import { type Bench, type Figure, rounded } from "./figure";

const CONNECTED = 4_000;
const RETURNING = 2_000;
const EXPANDED = 100_000;
const BARE_JOBS = 20_000;
const BARE_CONCURRENCY = 50;
const SAMPLE_MS = 100;

/**
 * From a job over connected devices to the `execute` frames on their sockets: each execution is made, claimed and sent. The
 * comparison is BullMQ alone on the same Redis: jobs that do nothing, added in bulk and processed. Then how long devices that
 * come back all at once wait for what waited for them, beside the welcome alone; and the time in which a job gets its
 * executions for a hundred thousand devices, and what the server's memory grows by meanwhile.
 */
export const dispatchBench: Bench = async () => {
  const redis = await OwnRedis.find();
  if (!redis) return [];
  const postgres = await OwnPostgres.start();
  await redis.start();
  const cluster = new Cluster({ DATABASE_URL: postgres.url, REDIS_URL: redis.url });
  try {
    await cluster.addNode();
    const dispatched = await dispatches(cluster);
    const bare = await bareJobs(redis.url);
    return [
      {
        bench: "dispatch",
        value: Math.round(dispatched),
        unit: "dispatches/s",
        baseline: Math.round(bare),
        baselineIs: "bare BullMQ jobs on the same Redis",
        ratio: rounded(dispatched / bare),
        devices: CONNECTED,
      },
      await returning(cluster),
      await expansion(cluster),
    ];
  } finally {
    await cluster.stop();
    await redis.kill();
    await postgres.remove();
  }
};

/** Executions a second that reach their devices. */
async function dispatches(cluster: Cluster): Promise<number> {
  const agents = await cluster.addDevices(CONNECTED, "connected");
  for (const agent of agents) agent.behaviour = "silent";
  await connect(agents);
  const seen = new Set<string>();
  let last = 0;
  for (const agent of agents)
    agent.onExecute = ({ execution }) => {
      seen.add(execution);
      last = performance.now();
    };
  const began = performance.now();
  const { id } = await createJob(cluster, "connected");
  while (seen.size < CONNECTED) await pause(20);
  const seconds = (last - began) / 1_000;
  const { counts } = await cluster.api().ok("GET", `jobs/${id}`);
  if (counts.sent !== CONNECTED) throw new Error(`${counts.sent} of ${CONNECTED} executions are sent`);
  for (const agent of agents) agent.stop();
  return CONNECTED / seconds;
}

/** Until every device of many that connect at the same time has what waited for it. */
async function returning(cluster: Cluster): Promise<Figure> {
  const agents = await cluster.addDevices(RETURNING, "returning");
  for (const agent of agents) agent.behaviour = "silent";
  let began = performance.now();
  await connect(agents);
  const welcomeS = (performance.now() - began) / 1_000;
  await leave(cluster, agents);
  await createJob(cluster, "returning");
  const seen = new Set<string>();
  for (const agent of agents) agent.onExecute = ({ execution }) => seen.add(execution);
  began = performance.now();
  await connect(agents);
  while (seen.size < RETURNING) await pause(10);
  const seconds = (performance.now() - began) / 1_000;
  for (const agent of agents) agent.stop();
  return {
    bench: "dispatch",
    value: rounded(seconds),
    unit: "s",
    baseline: rounded(welcomeS),
    baselineIs: "the same devices connected with nothing waiting for them",
    ratio: rounded(seconds / welcomeS),
    of: `what waited for ${RETURNING} devices that come back at once`,
  };
}

/** Jobs a second that BullMQ itself adds and processes. */
async function bareJobs(url: string): Promise<number> {
  const connection = { url, maxRetriesPerRequest: null };
  const queue = new Queue("bare", { connection });
  const began = performance.now();
  let done = 0;
  const worker = new Worker("bare", () => Promise.resolve(++done), { connection, concurrency: BARE_CONCURRENCY });
  for (let added = 0; added < BARE_JOBS; added += 1_000)
    await queue.addBulk(
      Array.from({ length: 1_000 }, (_, index) => ({ name: "job", data: { index }, opts: { removeOnComplete: true } })),
    );
  while (done < BARE_JOBS) await pause(5);
  const seconds = (performance.now() - began) / 1_000;
  await worker.close();
  await queue.close();
  return BARE_JOBS / seconds;
}

async function expansion(cluster: Cluster): Promise<Figure> {
  await cluster.pool.query(
    `WITH added AS (INSERT INTO device (fleet_id, name, tags) SELECT 0, 'device ' || n, '{many}' FROM generate_series(1, $1) AS n RETURNING id)
     INSERT INTO device_state (device_id) SELECT id FROM added`,
    [EXPANDED],
  );
  await cluster.pool.query("ANALYZE");
  const before = cluster.residentKib(0);
  let most = before;
  const sampling = setInterval(() => (most = Math.max(most, cluster.residentKib(0))), SAMPLE_MS);
  const began = performance.now();
  const { id } = await createJob(cluster, "many");
  await untilExpanded(cluster, id);
  clearInterval(sampling);
  const seconds = (performance.now() - began) / 1_000;
  const { counts } = await cluster.api().ok("GET", `jobs/${id}`);
  if (counts.queued !== EXPANDED) throw new Error(`${counts.queued} of ${EXPANDED} executions are waiting`);
  return {
    bench: "dispatch",
    value: rounded(seconds),
    unit: "s",
    of: `expansion to ${EXPANDED} executions`,
    executionsPerS: Math.round(EXPANDED / seconds),
    serverGrewMib: rounded((most - before) / 1_024),
  };
}
