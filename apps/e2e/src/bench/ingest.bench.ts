import { randomUUID } from "node:crypto";
import { performance } from "node:perf_hooks";
import { Pool } from "pg";
import { OwnPostgres } from "../../../server/src/test-support/own-postgres";
import { World } from "../harness/world";
import { eventsOf, EventStream } from "./event-stream";
import { type Bench, quantile, rounded } from "./figure";

const DEVICES = 200;
const BATCH = 50;
const UNDER_WAY = 2;
const WARM_UP_MS = 2_000;
const MEASURE_MS = 10_000;
const BARE_ROWS = 2_000;
const BARE_CONNECTIONS = 2;

/**
 * Event → WebSocket → one transaction a batch, with all that projectors learn from it → acknowledged, from many sockets at
 * once. The comparison is the bare INSERT of the same events into a table of the same shape, by as many connections.
 */
export const ingestBench: Bench = async () => {
  const world = new World();
  const postgres = await OwnPostgres.start();
  try {
    await world.startServer({ DATABASE_URL: postgres.url, LOG_LEVEL: "error" });
    const streams = await openStreams(world);
    for (const stream of streams) stream.start();
    await pause(WARM_UP_MS);
    const ackedBefore = sum(streams.map(({ acked }) => acked));
    for (const stream of streams) stream.latenciesMs.length = 0;
    const began = performance.now();
    await pause(MEASURE_MS);
    const seconds = (performance.now() - began) / 1_000;
    const value = (sum(streams.map(({ acked }) => acked)) - ackedBefore) / seconds;
    const latencies = streams.flatMap(({ latenciesMs }) => latenciesMs);
    await Promise.all(streams.map((stream) => stream.finish()));
    await requireExactly(postgres.url, sum(streams.map(({ acked }) => acked)));

    const baseline = await bareInsert(postgres.url);
    return [
      {
        bench: "ingest",
        value: Math.round(value),
        unit: "events/s",
        baseline: Math.round(baseline),
        baselineIs: "bare unnest insert",
        ratio: rounded(value / baseline),
        p50Ms: rounded(quantile(latencies, 0.5)),
        p99Ms: rounded(quantile(latencies, 0.99)),
        devices: DEVICES,
        batch: BATCH,
      },
    ];
  } finally {
    await world.stop();
    await postgres.remove();
  }
};

async function openStreams(world: World): Promise<EventStream[]> {
  const streams: EventStream[] = [];
  for (let count = 0; count < DEVICES; count++) {
    const { token } = await world.addDevice();
    const stream = new EventStream(world.url, token, BATCH, UNDER_WAY);
    await stream.open();
    streams.push(stream);
  }
  return streams;
}

/** A figure of events that were lost or doubled would be worth nothing. */
async function requireExactly(url: string, expected: number): Promise<void> {
  const pool = new Pool({ connectionString: url, max: 1 });
  const { rows } = await pool.query<{ count: string }>("SELECT count(*) FROM module_event");
  await pool.end();
  if (Number(rows[0]?.count) !== expected)
    throw new Error(`${rows[0]?.count} events are stored, ${expected} were acknowledged`);
}

/** Rows a second. */
async function bareInsert(url: string): Promise<number> {
  const pool = new Pool({ connectionString: url, max: BARE_CONNECTIONS });
  await pool.query("CREATE TABLE bare_event (LIKE module_event INCLUDING ALL)");
  const until = performance.now() + MEASURE_MS / 2;
  let rows = 0;
  const insert = async () => {
    for (const device = randomUUID(), events = eventsOf(Date.now()); performance.now() < until; rows += BARE_ROWS) {
      const batch = Array.from(
        { length: BARE_ROWS },
        () => events.next().value as { seq: number; at: number; kind: string },
      );
      const at = batch.map((event) => new Date(event.at).toISOString());
      await pool.query({
        name: "bare",
        text: `INSERT INTO bare_event (device_id, epoch, seq, at, received_at, kind, fields)
               SELECT $1, 1, * FROM unnest($2::bigint[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::jsonb[])
               ON CONFLICT DO NOTHING`,
        values: [
          device,
          batch.map(({ seq }) => seq),
          at,
          at,
          batch.map(({ kind }) => kind),
          batch.map(({ seq: _seq, at: _at, kind: _kind, ...fields }) => JSON.stringify(fields)),
        ],
      });
    }
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: BARE_CONNECTIONS }, insert));
  const seconds = (performance.now() - began) / 1_000;
  await pool.end();
  return rows / seconds;
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
