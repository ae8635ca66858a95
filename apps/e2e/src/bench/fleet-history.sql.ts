/** The statements of `FleetHistory`: what happens to a device, and what the server learns from it, for all devices at once. */
import { AVAILABILITY_COLUMNS } from "../../../server/src/history/rollups/availability-weeks";
import { latencyBounds, LATENCY_BUCKETS } from "../../../server/src/history/latency-buckets";

export const DAYS = 30;
export const ROUNDS = 10;
/** A round is an outage of some minutes, with the three lost heart-beats before it, and then a long quiet time. */
export const EVENTS_A_ROUND = 20;
const ROUND_S = (DAYS * 86_400) / ROUNDS;
/** Longer than any outage. */
const OUTAGE_S = 2_400;
const OUTAGE_EVENTS = 7;
const QUIET_EVENTS = EVENTS_A_ROUND - OUTAGE_EVENTS;
const QUIET_S = 18_300;
const CELLS = 500;
const HOUR = "interval '1 hour'";
const DAY = "interval '1 day'";
const BOUNDS = Array.from({ length: LATENCY_BUCKETS }, (_, bucket) => latencyBounds(bucket).fromMs).join(",");
const bucketOf = (duration: string) =>
  `width_bucket((date_part('epoch', ${duration}) * 1000)::bigint, '{${BOUNDS}}'::bigint[]) - 1`;

/**
 * When each round of each device began, and its outage; the table lasts as long as the history is being made. The range begins
 * and ends in the quiet time of a round, for each device elsewhere, `quiet` events after its outage: so any hour has as much as
 * another, and each device `ROUNDS` times `EVENTS_A_ROUND` events. It had connected within the day before.
 */
export const makeRounds = (devices: number, end: Date) => `
  CREATE UNLOGGED TABLE seed_round AS
  SELECT id, n, r, quiet, began, lost, lost + interval '60 s' AS gave_up, opening, back,
         coalesce(lag(CASE WHEN r > 0 THEN back END) OVER (PARTITION BY n ORDER BY r),
                  start - make_interval(secs => (n * 104729) % 86400)) AS since
    FROM (SELECT gen_random_uuid() AS id, n FROM generate_series(0, ${devices - 1}::bigint) AS n) AS d
   CROSS JOIN generate_series(0, ${ROUNDS}) AS r
   CROSS JOIN (SELECT '${end.toISOString()}'::timestamptz - interval '${DAYS} days' AS start) AS h
   CROSS JOIN LATERAL (SELECT (n * 7919) % ${ROUND_S - OUTAGE_S} AS quiet_s) AS q
   CROSS JOIN LATERAL (SELECT least(${QUIET_EVENTS}, quiet_s / ${QUIET_S}) AS quiet,
                              start + make_interval(secs => r * ${ROUND_S}.0 - ${OUTAGE_S} - quiet_s) AS began) AS b
   CROSS JOIN LATERAL (SELECT began + interval '120 s' AS lost,
                              began + make_interval(secs => 210 + (n * 31 + r * 17) % 1800) AS opening) AS o
   CROSS JOIN LATERAL (SELECT opening + make_interval(secs => 1 + (n * 13 + r) % 20) AS back) AS c`;

/** Rounds whose outage lies in the range. */
const OUTAGES = "(SELECT * FROM seed_round WHERE r > 0) AS outages";
/** The number of a round's event, counted from the device's first one. */
const seqOf = (event: number | string) => `(r - 1) * ${EVENTS_A_ROUND} + ${QUIET_EVENTS} - quiet + ${event}`;
/** The outage's last event. */
const LAST = seqOf(OUTAGE_EVENTS);

/**
 * One in a hundred has the tag `hundredth`. With their configuration at once: the server begins to resolve that of devices that
 * have none as soon as it sees them.
 */
export const DEVICES = `
  WITH added AS (
    INSERT INTO device (id, fleet_id, name, tags, created_at)
    SELECT id, 0, 'device ' || lpad(n::text, 7, '0'), CASE WHEN n % 100 = 0 THEN '{hundredth}'::text[] ELSE '{}' END, since
      FROM seed_round WHERE r = 1
  )
  INSERT INTO device_config (device_id, reported_version, reported, status)
  SELECT id, 0, '{"mqtt": {"keepAliveS": 60, "ackTimeoutS": 10}}', 'none' FROM seed_round WHERE r = 1`;

/** What is known of each device now. */
export const STANDINGS = [
  `INSERT INTO device_state (device_id, online, module, module_state, module_since, state_epoch, state_seq, cell)
   SELECT id, true, '{"firmware": "1.0"}', 'connected', back, 1, ${LAST}, 'cell-' || n % ${CELLS}
     FROM seed_round WHERE r = ${ROUNDS}`,
  `INSERT INTO outbox_position (device_id, epoch, acked)
   SELECT id, 1, ${ROUNDS * EVENTS_A_ROUND} FROM seed_round WHERE r = ${ROUNDS}`,
  `INSERT INTO outage_progress (device_id, epoch, seq, state, known_state)
   SELECT id, 1, ${LAST}, 'connected', 'connected' FROM seed_round WHERE r = ${ROUNDS}`,
];

const since = (moment: string) => `(date_part('epoch', ${moment}) * 1000)::bigint`;
const state = (s: number, moment: string, from: string, to: string, began: string, cause: string) =>
  `(${s}, ${moment}, 'state', jsonb_build_object('cause', '${cause}', 'from', '${from}', 'to', '${to}', 'since', ${since(began)}))`;
/** When the quiet time's event number `k`, from 1, comes; one in two is a ping, of the others every other one a signal. */
const quietAt = (k: number | string) => `began + interval '${OUTAGE_S} s' + ${k} * interval '${QUIET_S} s'`;
const SIGNALS = [1, 5, 9, 13];
const rssi = (k: number | string) => `(5 + (n * 7 + r + ${k}) % 26)`;
const dbm = (k: string) => `2 * ${rssi(k)} - 113`;
function quiet(k: number): string {
  const fields = SIGNALS.includes(k)
    ? `'signal', jsonb_build_object('rssi', ${rssi(k)}, 'ber', 0, 'cell', 'cell-' || n % ${CELLS})`
    : k % 2 === 0
      ? `'ping', '{}'::jsonb`
      : `'publish-ack', '{"dup": 0, "packId": ${k}}'::jsonb`;
  return `(${OUTAGE_EVENTS + k}, ${quietAt(k)}, ${fields})`;
}
const RAW = [
  ...[1, 2, 3].map((s) => `(${s}, began + interval '${(s - 1) * 60} s', 'timeout', '{"type": 5}'::jsonb)`),
  state(4, "lost", "connected", "reconnecting", "since", "heartbeat-lost"),
  state(5, "gave_up", "reconnecting", "disconnected", "lost", "heartbeat-lost"),
  state(6, "opening", "disconnected", "tcp-connecting", "gave_up", "requested"),
  state(7, "back", "tcp-connecting", "connected", "opening", "requested"),
  ...Array.from({ length: QUIET_EVENTS }, (_, index) => quiet(index + 1)),
];
/** Whether a round's event lies in the range: of the first round the end does, of the last one the begin. */
const isTold = (event: string) =>
  `(r > 0 OR ${event} > ${OUTAGE_EVENTS} + quiet) AND (r < ${ROUNDS} OR ${event} <= ${OUTAGE_EVENTS} + quiet)`;

/** The raw events of a part of the devices. */
export const rawEvents = (part: number, parts: number) => `
  INSERT INTO module_event (device_id, epoch, seq, at, received_at, kind, fields)
  SELECT id, 1, ${seqOf("e.s")}, e.at, e.at, e.kind, e.fields
    FROM seed_round CROSS JOIN LATERAL (VALUES ${RAW.join(", ")}) AS e (s, at, kind, fields)
   WHERE n % ${parts} = ${part} AND ${isTold("e.s")}`;

/** In the order in which they ended, as the server writes them. */
export const INTERVALS = `
  INSERT INTO connection_interval (device_id, epoch, seq, state, began, ended, cause)
  SELECT id, 1, ${seqOf("i.s")}, i.state, i.began, i.ended, i.cause
    FROM ${OUTAGES} CROSS JOIN LATERAL (VALUES
      (4, 'connected', since, lost, 'heartbeat-lost'), (5, 'reconnecting', lost, gave_up, 'heartbeat-lost'),
      (6, 'disconnected', gave_up, opening, 'requested'), (7, 'tcp-connecting', opening, back, 'requested')
    ) AS i (s, state, began, ended, cause) ORDER BY i.ended`;

/** The hours that an interval begins or ends within, with its part of them. */
const PARTS_OF_HOURS = `
  SELECT device_id, state, hour, (date_part('epoch', least(ended, hour + ${HOUR}) - greatest(began, hour)) * 1000)::bigint AS ms
    FROM connection_interval
   CROSS JOIN LATERAL (SELECT date_trunc('hour', began) AS hour UNION SELECT date_trunc('hour', ended)) AS h
   WHERE (began > hour OR ended < hour + ${HOUR}) AND ended > hour`;
/** The first hour that an interval reaches all through, where there is one. */
const FIRST_WHOLE = "date_trunc('hour', began + interval '59 min 59.999 s')";

/** In the order of the table's columns. */
const WEEK_SUMS = [
  ...["state = 'connected'", "true"].flatMap((isOne) =>
    [0, 1, 2, 3, 4, 5, 6].map((day) => `coalesce(sum(ms) FILTER (WHERE ${isOne} AND day % 7 = ${day}), 0)`),
  ),
  "coalesce(sum(begins) FILTER (WHERE state = 'connected'), 0)",
  "sum(begins)",
];

const fleet = (metric: string, hour: string, key: string, value: string, source: string) =>
  `INSERT INTO fleet_hour (fleet_id, metric, hour, key, slot, value)
   SELECT 0, '${metric}', ${hour}, ${key}, 0, ${value} FROM ${source} GROUP BY 3, 4`;

/** The rounds' signals in the range, each by the number `k` of its event in the quiet time. */
const SAMPLES = `(SELECT * FROM seed_round CROSS JOIN unnest('{${SIGNALS.join(",")}}'::int[]) AS k
                  WHERE ${isTold(`(${OUTAGE_EVENTS} + k)`)}) AS samples`;

/** What is learnt from the events, by device, in the order in which the server makes it. */
export const OF_DEVICES = [
  `INSERT INTO availability_week (device_id, week, ${AVAILABILITY_COLUMNS.join(", ")})
   SELECT device_id, date '1970-01-01' + day / 7 * 7, ${WEEK_SUMS.join(", ")}
     FROM (
       SELECT device_id, state, day, (date_part('epoch', least(ended, at + ${DAY}) - greatest(began, at)) * 1000)::bigint AS ms,
              CASE WHEN began <= at THEN 1::bigint << (day % 7 * 8) ELSE 0 END AS begins
         FROM connection_interval
        CROSS JOIN LATERAL generate_series(date_trunc('day', began), ended - interval '1 ms', ${DAY}) AS at
        CROSS JOIN LATERAL (SELECT at::date - date '1970-01-01') AS d (day)
     ) AS parts GROUP BY 1, 2 ORDER BY 2`,
  `INSERT INTO timeout_hour (device_id, hour, ping)
   SELECT id, date_trunc('hour', lost - s * interval '1 min'), count(*) FROM ${OUTAGES}, generate_series(0, 2) AS s GROUP BY 1, 2 ORDER BY 2`,
  `INSERT INTO disconnect_hour (device_id, hour, cause, count)
   SELECT id, date_trunc('hour', lost), 'heartbeat-lost', count(*) FROM ${OUTAGES} GROUP BY 1, 2 ORDER BY 2`,
  `INSERT INTO signal_hour (device_id, hour, samples, sum_dbm, min_dbm, max_dbm)
   SELECT id, date_trunc('hour', ${quietAt("k")}), count(*), sum(dbm), min(dbm), max(dbm)
     FROM ${SAMPLES} CROSS JOIN LATERAL (SELECT ${dbm("k")}) AS l (dbm) GROUP BY 1, 2 ORDER BY 2`,
  `INSERT INTO connect_hour (device_id, hour, bucket, count)
   SELECT id, date_trunc('hour', back), ${bucketOf("back - opening")}, count(*) FROM ${OUTAGES} GROUP BY 1, 2, 3 ORDER BY 2`,
  `INSERT INTO outage (device_id, epoch, seq, began, ended, unknown_ms, cause, cell)
   SELECT id, 1, ${LAST}, lost, back, 0, 'heartbeat-lost', 'cell-' || n % ${CELLS} FROM ${OUTAGES} ORDER BY back`,
];

/** The same of the whole fleet. Whole hours are counted by where rows of them begin and end. */
export const OF_FLEET = [
  `INSERT INTO fleet_hour (fleet_id, metric, hour, key, slot, value)
   SELECT 0, 'state-ms', hour, state, 0, sum(ms) FROM (
     SELECT hour, state, ms FROM (${PARTS_OF_HOURS}) AS parts
     UNION ALL
     SELECT hour, state, 3600000 * sum(change) OVER (PARTITION BY state ORDER BY hour) FROM (
       SELECT hour, state, sum(change)::bigint AS change FROM (
         SELECT ${FIRST_WHOLE} AS hour, state, 1 AS change FROM connection_interval WHERE ${FIRST_WHOLE} <= ended - ${HOUR}
         UNION ALL
         SELECT date_trunc('hour', ended), state, -1 FROM connection_interval WHERE ${FIRST_WHOLE} <= ended - ${HOUR}
         UNION ALL
         SELECT hour, state, 0 FROM (SELECT min(since) AS first, max(back) AS last FROM ${OUTAGES}) AS h,
                generate_series(date_trunc('hour', first), last, ${HOUR}) AS hour, unnest('{connected,disconnected}'::text[]) AS state
       ) AS edges GROUP BY 1, 2
     ) AS changes
   ) AS sums GROUP BY 3, 4 HAVING sum(ms) > 0`,
  fleet("timeout", "hour", "'ping'", "sum(ping)", "timeout_hour"),
  fleet("disconnect", "hour", "cause", "sum(count)", "disconnect_hour"),
  fleet("connect", "hour", "bucket::text", "sum(count)", "connect_hour"),
  fleet("signal", `date_trunc('hour', ${quietAt("k")})`, `(${dbm("k")})::text`, "count(*)", SAMPLES),
  fleet("outage", "date_trunc('hour', lost)", `(${bucketOf("back - lost")})::text`, "count(*)", OUTAGES),
  fleet("outage-count", "date_trunc('hour', lost)", "'heartbeat-lost'", "count(*)", OUTAGES),
  fleet(
    "outage-ms",
    "date_trunc('hour', lost)",
    "'heartbeat-lost'",
    "sum(date_part('epoch', back - lost) * 1000)",
    OUTAGES,
  ),
];
