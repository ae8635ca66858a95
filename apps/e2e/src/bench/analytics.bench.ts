import { performance } from "node:perf_hooks";
import { OwnPostgres } from "../../../server/src/test-support/own-postgres";
import { World } from "../harness/world";
import { type Bench, type Figure, quantile, rounded } from "./figure";
import { BULK_SETTINGS, DAYS, EVENTS_A_DEVICE, FleetHistory } from "./fleet-history";

/** 20 million events; `BENCH_FULL=1` goes up to all of them. */
const FULL_DEVICES = 100_000;
const SCALES = [1, 10, ...(process.env.BENCH_FULL === "1" ? [100] : [])];
const WARM_UP = 3;
const REQUESTS = 20;
const RAW_RUNS = 2;
const HOUR_MS = 3_600_000;

interface Asked {
  name: string;
  /** Address below `analytics/`, but for the range. */
  question: string;
  days: number;
  body?: (deviceId: string) => object;
  /** The same asked of the raw events: $1 and $2 are the range, $3 the device where there is one. */
  raw: string;
}

const HOURS = "date_trunc('hour', at, 'UTC')";
const IN_RANGE = "at >= $1 AND at < $2";
const DOWN = `SELECT device_id, at AS began, lead(at, 3) OVER (PARTITION BY device_id ORDER BY seq) AS ended, fields
                FROM module_event WHERE kind = 'state' AND ${IN_RANGE}`;

const QUESTIONS: Asked[] = [
  {
    name: "timeouts",
    question: "timeouts?bucket=hour",
    days: DAYS,
    raw: `SELECT ${HOURS}, fields ->> 'type', count(*) FROM module_event WHERE kind = 'timeout' AND ${IN_RANGE} GROUP BY 1, 2`,
  },
  {
    name: "timeouts of 1 % of the devices",
    question: "timeouts?bucket=hour&tag=hundredth",
    days: DAYS,
    raw: `SELECT ${HOURS}, fields ->> 'type', count(*) FROM module_event WHERE kind = 'timeout' AND ${IN_RANGE}
           AND device_id IN (SELECT id FROM device WHERE tags @> '{hundredth}') GROUP BY 1, 2`,
  },
  {
    name: "disconnects",
    question: "disconnects?bucket=hour",
    days: DAYS,
    raw: `SELECT ${HOURS}, fields ->> 'cause', count(*) FROM module_event
           WHERE kind = 'state' AND fields ->> 'from' = 'connected' AND ${IN_RANGE} GROUP BY 1, 2`,
  },
  {
    name: "availability",
    question: "availability?worst=50",
    days: 7,
    raw: `SELECT device_id, sum(ms) FILTER (WHERE state = 'connected')::float8 / nullif(sum(ms), 0) AS share FROM (
            SELECT device_id, fields ->> 'from' AS state, extract(epoch FROM least(at, $2) - greatest($1,
                   to_timestamp((fields ->> 'since')::float8 / 1000))) AS ms
              FROM module_event WHERE kind = 'state' AND at > $1 AND at < $2::timestamptz + interval '7 days') AS i
           GROUP BY 1 ORDER BY 2 LIMIT 50`,
  },
  {
    name: "outages",
    question: "outages",
    days: 7,
    raw: `SELECT count(*), avg(ended - began), max(ended - began) FROM (${DOWN}) AS o WHERE fields ->> 'from' = 'connected'`,
  },
  {
    name: "connect-latency",
    question: "connect-latency?bucket=hour",
    days: DAYS,
    raw: `SELECT ${HOURS}, percentile_disc(ARRAY[0.5, 0.9, 0.99]) WITHIN GROUP (ORDER BY at - since) FROM (
            SELECT at, to_timestamp((fields ->> 'since')::float8 / 1000) AS since FROM module_event
             WHERE kind = 'state' AND fields ->> 'to' = 'connected' AND ${IN_RANGE}) AS c GROUP BY 1`,
  },
  {
    name: "flapping",
    question: "flapping?perHour=2",
    days: 1,
    raw: `SELECT device_id, ${HOURS}, count(*) FROM module_event
           WHERE kind = 'state' AND fields ->> 'from' = 'connected' AND ${IN_RANGE} GROUP BY 1, 2 HAVING count(*) >= 2`,
  },
  {
    name: "signal",
    question: "signal?bucket=hour",
    days: 1,
    raw: `SELECT device_id, avg(2 * (fields ->> 'rssi')::int - 113) FROM module_event
           WHERE kind = 'signal' AND ${IN_RANGE} GROUP BY 1 ORDER BY 2 LIMIT 50`,
  },
  {
    name: "correlated-outages",
    question: "correlated-outages",
    days: 1,
    raw: `SELECT c.cell, o.at, count(*) OVER (PARTITION BY c.cell ORDER BY o.at RANGE BETWEEN '5 min' PRECEDING AND '5 min' FOLLOWING)
            FROM (SELECT device_id, at FROM module_event
                   WHERE kind = 'state' AND fields ->> 'from' = 'connected' AND ${IN_RANGE}) AS o
           CROSS JOIN LATERAL (SELECT e.fields ->> 'cell' AS cell FROM module_event e WHERE e.device_id = o.device_id
             AND e.kind = 'signal' AND e.at < o.at AND e.at > o.at - interval '3 days' ORDER BY e.at DESC LIMIT 1) AS c`,
  },
  {
    name: "advice",
    question: "advice",
    days: 7,
    raw: `SELECT device_id, fields ->> 'type', count(*) FROM module_event WHERE kind = 'timeout' AND ${IN_RANGE} GROUP BY 1, 2`,
  },
  {
    name: "what-if",
    question: "what-if",
    days: DAYS - 1,
    body: (deviceId) => ({ deviceId, settings: { keepAliveS: 30 } }),
    raw: `SELECT seq, at, kind, fields FROM module_event WHERE ${IN_RANGE} AND device_id = $3 ORDER BY seq`,
  },
];

/**
 * Every question of analytics over HTTP, with a range whose ends cut hours, beside the same question asked of the raw table
 * in SQL. Each scale is a database of its own, so that it is seen how answers grow with the data.
 */
export const analyticsBench: Bench = async () => {
  const figures: Figure[] = [];
  for (const percent of SCALES) figures.push(...(await atScale(percent)));
  return figures;
};

async function atScale(percent: number): Promise<Figure[]> {
  const world = new World();
  const postgres = await OwnPostgres.start(undefined, BULK_SETTINGS);
  const devices = (FULL_DEVICES * percent) / 100;
  const events = devices * EVENTS_A_DEVICE;
  const end = new Date(Math.floor(Date.now() / 1_000) * 1_000);
  const history = new FleetHistory(postgres.url, end);
  try {
    await world.startServer({ DATABASE_URL: postgres.url, LOG_LEVEL: "error" });
    const seconds = await history.fill(devices);
    process.stderr.write(`analytics: ${events} events of ${devices} devices, made in ${Math.round(seconds)} s\n`);
    const bytes = await history.bytesAnEvent(events);
    const onDisk = {
      bench: "analytics, on disk",
      value: Math.round(bytes.all),
      unit: "bytes/event",
      rawBytes: Math.round(bytes.raw),
      byDeviceAndHourBytes: Math.round(bytes.byHour),
      ...{ devices, events, percent },
    };
    const deviceId = await history.oneDevice();
    const figures: Figure[] = [onDisk];
    for (const asked of QUESTIONS)
      figures.push({ ...(await measure(world, history, asked, end, deviceId)), devices, events, percent });
    figures.push({ ...(await alertLook(world)), devices, events, percent });
    return figures;
  } finally {
    await history.close();
    await world.stop();
    await postgres.remove();
  }
}

async function measure(
  world: World,
  history: FleetHistory,
  asked: Asked,
  end: Date,
  deviceId: string,
): Promise<Figure> {
  const [from, to] = [end.getTime() - asked.days * 24 * HOUR_MS, end.getTime()].map((ms) => new Date(ms).toISOString());
  const times: number[] = [];
  for (let count = 0; count < WARM_UP + REQUESTS; count++) {
    const began = performance.now();
    const join = asked.question.includes("?") ? "&" : "?";
    if (asked.body) await world.api.ok("POST", `analytics/${asked.question}`, { ...asked.body(deviceId), from, to });
    else await world.api.ok("GET", `analytics/${asked.question}${join}from=${from}&to=${to}`);
    if (count >= WARM_UP) times.push(performance.now() - began);
  }
  const values = asked.raw.includes("$3") ? [from, to, deviceId] : [from, to];
  const raw: number[] = [];
  for (let run = 0; run < RAW_RUNS; run++) raw.push(await history.timeMs(asked.raw, values));
  const [value, baseline] = [quantile(times, 0.5), Math.min(...raw)];
  return {
    bench: `analytics, ${asked.name}`,
    value: rounded(value),
    unit: "ms",
    baseline: rounded(baseline),
    baselineIs: "the same asked of the raw table",
    ratio: rounded(value / baseline),
    p50Ms: rounded(value),
    p95Ms: rounded(quantile(times, 0.95)),
    days: asked.days,
  };
}

/** One look of a rule at the availability of every device over a day, as the server itself measures it. */
async function alertLook(world: World): Promise<Figure> {
  const rule = { name: "a day", kind: "availability", params: { underPercent: 90, overS: 86_400 } };
  await world.api.ok("POST", "alert-rules", { ...rule, selector: { all: true } });
  for (;;) {
    const metrics = await (await fetch(`${world.url}/metrics`)).text();
    const of = (name: string) =>
      Number(new RegExp(`^fleet_alert_evaluation_seconds_${name} (\\S+)`, "m").exec(metrics)?.[1] ?? 0);
    if (of("count") > 0)
      return {
        bench: "analytics, alert rule over a day",
        value: rounded((1_000 * of("sum")) / of("count")),
        unit: "ms",
      };
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
