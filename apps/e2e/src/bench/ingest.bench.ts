import { randomUUID } from "node:crypto";
import { performance } from "node:perf_hooks";
import { Pool } from "pg";
import { OwnPostgres } from "../../../server/src/test-support/own-postgres";
import { World } from "../harness/world";
import { eventsOf, EventStream } from "./event-stream";
import { type Bench, quantile, rounded } from "./figure";

const DEVICES = 2_000;
const BATCH = 10;
const UNDER_WAY = 1;
const WARM_UP_MS = 3_000;
const MEASURE_MS = 10_000;
const BARE_ROWS = 2_000;
const BARE_CONNECTIONS = 2;

/**
 * Event → WebSocket → one transaction a batch, with all that projectors learn from it → acknowledged, from 2,000 agents at
 * once: how many a second, how long each takes at half of that, and what an event takes of the disk. The comparison is the
 * bare INSERT of the same events into the same table, with a guard against doubles and without.
 */
export const ingestBench: Bench = async () => {
  const world = new World();
  const postgres = await OwnPostgres.start();
  try {
    await world.startServer({ DATABASE_URL: postgres.url, LOG_LEVEL: "error" });
    const streams = await openStreams(world);
    for (const stream of streams) stream.start();
    const full = await measure(streams);

    const everyMs = (1_000 * DEVICES * BATCH) / (full.perSecond / 2);
    for (const [index, stream] of streams.entries()) stream.pace(everyMs, (everyMs * index) / DEVICES);
    const half = await measure(streams);
    await Promise.all(streams.map((stream) => stream.finish()));
    const acked = sum(streams.map((stream) => stream.acked));
    const bytes = await bytesOf(postgres.url, acked);

    const baseline = await bareInsert(postgres.url, "ON CONFLICT DO NOTHING");
    const unguarded = await bareInsert(postgres.url, "");
    const shared = { devices: DEVICES, batch: BATCH };
    return [
      {
        bench: "ingest",
        value: Math.round(full.perSecond),
        unit: "events/s",
        baseline: Math.round(baseline),
        baselineIs: "bare unnest insert",
        ratio: rounded(full.perSecond / baseline),
        bareUnguarded: Math.round(unguarded),
        p50Ms: rounded(quantile(full.latenciesMs, 0.5)),
        p99Ms: rounded(quantile(full.latenciesMs, 0.99)),
        ...shared,
      },
      {
        bench: "ingest, at half load",
        value: Math.round(half.perSecond),
        unit: "events/s",
        p50Ms: rounded(quantile(half.latenciesMs, 0.5)),
        p99Ms: rounded(quantile(half.latenciesMs, 0.99)),
        ...shared,
      },
      {
        bench: "ingest, on disk",
        value: Math.round(bytes.all),
        unit: "bytes/event",
        rawBytes: Math.round(bytes.raw),
        events: acked,
      },
    ];
  } finally {
    await world.stop();
    await postgres.remove();
  }
};

/** Events acknowledged a second, and how long each batch took, after a while of warming up. */
async function measure(streams: readonly EventStream[]): Promise<{ perSecond: number; latenciesMs: number[] }> {
  const acked = () => sum(streams.map((stream) => stream.acked));
  await pause(WARM_UP_MS);
  const before = acked();
  for (const stream of streams) stream.latenciesMs.length = 0;
  const began = performance.now();
  await pause(MEASURE_MS);
  const perSecond = (acked() - before) / ((performance.now() - began) / 1_000);
  return { perSecond, latenciesMs: streams.flatMap(({ latenciesMs }) => latenciesMs) };
}

async function openStreams(world: World): Promise<EventStream[]> {
  const streams: EventStream[] = [];
  const open = async () => {
    while (streams.length < DEVICES) {
      const { token } = (await world.api.ok("POST", "devices", { name: "bench" })) as { token: string };
      if (streams.length === DEVICES) return;
      const stream = new EventStream(world.url, token, BATCH, UNDER_WAY, streams.length);
      streams.push(stream);
      await stream.open();
    }
  };
  await Promise.all(Array.from({ length: 8 }, open));
  return streams;
}

/**
 * Bytes on disk an event, with their indexes: of the raw events, and of all that is kept.
 * @throws where more or fewer events are stored than were acknowledged: such a figure would be worth nothing
 */
async function bytesOf(url: string, events: number): Promise<{ raw: number; all: number }> {
  const pool = new Pool({ connectionString: url, max: 1 });
  const { rows } = await pool.query<{ count: number; raw: number; all: number }>(
    `SELECT (SELECT count(*) FROM module_event)::float8 AS count, sum(pg_total_relation_size(oid))::float8 AS all,
            (sum(pg_total_relation_size(oid)) FILTER (WHERE relname ~ '^module_event'))::float8 AS raw
       FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`,
  );
  await pool.end();
  const [stored] = rows;
  if (stored?.count !== events) throw new Error(`${stored?.count} events are stored, ${events} were acknowledged`);
  return { raw: stored.raw / events, all: stored.all / events };
}

/**
 * Rows a second into the same table, of as many devices in as large batches, each statement with as many rows as the server's.
 * @param guard what to do with a row that is there already: it costs the database a search for each
 */
async function bareInsert(url: string, guard: "ON CONFLICT DO NOTHING" | ""): Promise<number> {
  const pool = new Pool({ connectionString: url, max: BARE_CONNECTIONS });
  const until = performance.now() + MEASURE_MS;
  let rows = 0;
  const insert = async () => {
    const devices = Array.from({ length: DEVICES / BARE_CONNECTIONS }, (_, phase) => ({
      id: randomUUID(),
      events: eventsOf(Date.now(), phase),
    }));
    for (let next = 0; performance.now() < until; rows += BARE_ROWS) {
      const batch = Array.from({ length: BARE_ROWS / BATCH }, () => devices[next++ % devices.length]).flatMap(
        (device) =>
          Array.from({ length: device ? BATCH : 0 }, () => ({
            deviceId: device?.id,
            ...(device?.events.next().value as { seq: number; at: number; kind: string }),
          })),
      );
      const at = batch.map((event) => new Date(event.at).toISOString());
      await pool.query({
        name: `bare ${guard}`,
        text: `INSERT INTO module_event (device_id, epoch, seq, at, received_at, kind, fields)
               SELECT d, 1, s, a, r, k, f
                 FROM unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::jsonb[])
                   AS v (d, s, a, r, k, f)
               ${guard}`,
        values: [
          batch.map(({ deviceId }) => deviceId),
          batch.map(({ seq }) => seq),
          at,
          at,
          batch.map(({ kind }) => kind),
          batch.map(({ deviceId: _device, seq: _seq, at: _at, kind: _kind, ...fields }) => JSON.stringify(fields)),
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
