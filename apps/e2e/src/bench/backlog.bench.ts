import { performance } from "node:perf_hooks";
import { OwnPostgres } from "../../../server/src/test-support/own-postgres";
import { Cluster } from "../harness/cluster";
import { BenchAgent, latenciesOf } from "./bench-agent";
import { pause } from "./crowd";
import { type Bench, quantile, rounded } from "./figure";

const DEVICES = 10_000;
/** What each has to tell of the hours that it was away. */
const BACKLOG_EVENTS = 100;
/** Devices that were there all along and tell something every second. */
const LIVE = 200;
const LIVE_EVERY_MS = 1_000;
const IDLE_MS = 10_000;
const SAMPLE_MS = 200;
const HOUR_MS = 3_600_000;

/**
 * Ten thousand devices that come back at once with their backlogs: how soon all is stored, what the server's memory grows to,
 * and how long live events of other devices take meanwhile, beside an idle server's. Fails where an event is lost or doubled.
 */
export const backlogBench: Bench = async () => {
  const postgres = await OwnPostgres.start();
  const cluster = new Cluster({ DATABASE_URL: postgres.url });
  const agents: BenchAgent[] = [];
  try {
    await cluster.addNode();
    const [url = ""] = cluster.urls;
    const make = async (count: number, tag: string) => {
      const made = (await cluster.addDevices(count, tag)).map(({ token }) => new BenchAgent(url, token));
      agents.push(...made);
      return made;
    };
    const [live, back] = [await make(LIVE, "live"), await make(DEVICES, "back")];
    await cluster.pool.query("ANALYZE");

    for (const agent of live) await agent.open();
    const pacing = live.map((agent, index) => agent.tellEvery(LIVE_EVERY_MS, (index * LIVE_EVERY_MS) / LIVE));
    await pause(LIVE_EVERY_MS);
    const idle = await latenciesOf(live, () => pause(IDLE_MS));

    const before = cluster.residentKib(0);
    let most = before;
    const sampling = setInterval(() => (most = Math.max(most, cluster.residentKib(0))), SAMPLE_MS);
    const began = performance.now();
    const busy = await latenciesOf(live, async () => {
      for (const agent of back) {
        void agent.open().then(() => agent.empty(BACKLOG_EVENTS, Date.now() - 3 * HOUR_MS));
        if (Math.random() < 0.02) await pause(10); // a listener's queue has an end
      }
      while (back.some(({ acked }) => acked < BACKLOG_EVENTS)) await pause(50);
    });
    const seconds = (performance.now() - began) / 1_000;
    clearInterval(sampling);
    for (const stop of pacing) stop();
    while (live.some(({ underWay }) => underWay > 0)) await pause(20);

    const expected = agents.reduce((sum, { acked }) => sum + acked, 0);
    const { rows } = await cluster.pool.query<{ count: string }>("SELECT count(*) FROM module_event");
    if (Number(rows[0]?.count) !== expected) throw new Error(`${rows[0]?.count} events are stored of ${expected}`);
    const p99Ms = quantile(busy, 0.99);
    const idleP99Ms = quantile(idle, 0.99);
    return [
      {
        bench: "backlog",
        value: Math.round((DEVICES * BACKLOG_EVENTS) / seconds),
        unit: "events/s",
        devices: DEVICES,
        events: DEVICES * BACKLOG_EVENTS,
        seconds: rounded(seconds),
        serverMib: Math.round(most / 1_024),
        serverGrewMib: Math.round((most - before) / 1_024),
      },
      {
        bench: "backlog, live events meanwhile",
        value: rounded(p99Ms),
        unit: "ms",
        baseline: rounded(idleP99Ms),
        baselineIs: "the same with nobody coming back",
        ratio: rounded(p99Ms / idleP99Ms),
        p50Ms: rounded(quantile(busy, 0.5)),
        p99Ms: rounded(p99Ms),
        liveEvents: busy.length,
      },
    ];
  } finally {
    for (const agent of agents) agent.close();
    await cluster.stop();
    await postgres.remove();
  }
};
