/** The statements of `FleetHistory`: what happens to a device, and what the server learns from it, for all devices at once. */
import { AVAILABILITY_COLUMNS } from "../../../server/src/history/rollups/availability-weeks";
import { latencyBounds, LATENCY_BUCKETS } from "../../../server/src/history/latency-buckets";

export const DAYS = 30;
export const ROUNDS = 10;
/** A round's events; the last ones are an outage of some minutes, three lost heart-beats before it. */
export const EVENTS_A_ROUND = 20;
const ROUND_S = (DAYS * 86_400) / ROUNDS;
const CELLS = 500;
const HOUR = "interval '1 hour'";
const DAY = "interval '1 day'";
const BOUNDS = Array.from({ length: LATENCY_BUCKETS }, (_, bucket) => latencyBounds(bucket).fromMs).join(",");
const bucketOf = (duration: string) =>
  `width_bucket((date_part('epoch', ${duration}) * 1000)::bigint, '{${BOUNDS}}'::bigint[]) - 1`;

/** When each round of each device began, and its outage; the table lasts as long as the history is being made. */
export const makeRounds = (devices: number, end: Date) => `
  CREATE UNLOGGED TABLE seed_round AS
  SELECT id, n, r, began, lost, lost + interval '60 s' AS gave_up, opening, back,
         coalesce(lag(back) OVER (PARTITION BY n ORDER BY r), start) AS since
    FROM (SELECT gen_random_uuid() AS id, n FROM generate_series(0, ${devices - 1}) AS n) AS d
   CROSS JOIN generate_series(0, ${ROUNDS - 1}) AS r
   CROSS JOIN (SELECT '${end.toISOString()}'::timestamptz - interval '${DAYS} days' AS start) AS h
   CROSS JOIN LATERAL (
     SELECT start + make_interval(secs => r * ${ROUND_S}.0 + ((n * 7919) % ${ROUND_S}) * 0.2) AS began
   ) AS b
   CROSS JOIN LATERAL (
     SELECT began + make_interval(secs => ${ROUND_S * 0.7 + 120}) AS lost,
            began + make_interval(secs => ${ROUND_S * 0.7 + 180} + 30 + (n * 31 + r * 17) % 1800) AS opening
   ) AS o
   CROSS JOIN LATERAL (SELECT opening + make_interval(secs => 1 + (n * 13 + r) % 20) AS back) AS c`;

/**
 * One in a hundred has the tag `hundredth`. With their configuration at once: the server begins to resolve that of devices that
 * have none as soon as it sees them.
 */
export const DEVICES = `
  WITH added AS (
    INSERT INTO device (id, fleet_id, name, tags, created_at)
    SELECT id, 0, 'device ' || lpad(n::text, 7, '0'), CASE WHEN n % 100 = 0 THEN '{hundredth}'::text[] ELSE '{}' END, since
      FROM seed_round WHERE r = 0
  )
  INSERT INTO device_config (device_id, reported_version, reported, status)
  SELECT id, 0, '{"mqtt": {"keepAliveS": 60, "ackTimeoutS": 10}}', 'none' FROM seed_round WHERE r = 0`;

/** What is known of each device now. */
export const STANDINGS = [
  `INSERT INTO device_state (device_id, online, module, module_state, module_since, state_epoch, state_seq, cell)
   SELECT id, true, '{"firmware": "1.0"}', 'connected', back, 1, ${ROUNDS * EVENTS_A_ROUND}, 'cell-' || n % ${CELLS}
     FROM seed_round WHERE r = ${ROUNDS - 1}`,
  `INSERT INTO outbox_position (device_id, epoch, acked)
   SELECT id, 1, ${ROUNDS * EVENTS_A_ROUND} FROM seed_round WHERE r = 0`,
  `INSERT INTO outage_progress (device_id, epoch, seq, state, known_state)
   SELECT id, 1, ${ROUNDS * EVENTS_A_ROUND}, 'connected', 'connected' FROM seed_round WHERE r = 0`,
];

const QUIET_S = ROUND_S * 0.05;
const LOST_S = ROUND_S * 0.7;
const at = (seconds: number) => `began + interval '${seconds} s'`;
const since = (moment: string) => `(date_part('epoch', ${moment}) * 1000)::bigint`;
const signal = (s: number) =>
  `(${s}, ${at(s * QUIET_S)}, 'signal', jsonb_build_object('rssi', 5 + (n * 7 + r + ${s}) % 26, 'ber', 0, 'cell', 'cell-' || n % ${CELLS}))`;
const state = (s: number, moment: string, from: string, to: string, began: string, cause: string) =>
  `(${s}, ${moment}, 'state', jsonb_build_object('cause', '${cause}', 'from', '${from}', 'to', '${to}', 'since', ${since(began)}))`;
const RAW = [
  ...[1, 2, 3, 4].map(signal),
  ...[5, 6, 7, 8].map((s) => `(${s}, ${at(s * QUIET_S)}, 'publish-ack', '{"dup": 0, "packId": ${s}}')`),
  ...[9, 10, 11, 12, 13].map((s) => `(${s}, ${at(s * QUIET_S)}, 'ping', '{}')`),
  ...[14, 15, 16].map((s) => `(${s}, ${at(LOST_S + (s - 14) * 60)}, 'timeout', '{"type": 5}')`),
  state(17, "lost", "connected", "reconnecting", "since", "heartbeat-lost"),
  state(18, "gave_up", "reconnecting", "disconnected", "lost", "heartbeat-lost"),
  state(19, "opening", "disconnected", "tcp-connecting", "gave_up", "requested"),
  state(20, "back", "tcp-connecting", "connected", "opening", "requested"),
];

/** The raw events of a part of the devices. */
export const rawEvents = (part: number, parts: number) => `
  INSERT INTO module_event (device_id, epoch, seq, at, received_at, kind, fields)
  SELECT id, 1, r * ${EVENTS_A_ROUND} + e.s, e.at, e.at, e.kind, e.fields
    FROM seed_round CROSS JOIN LATERAL (VALUES ${RAW.join(", ")}) AS e (s, at, kind, fields)
   WHERE n % ${parts} = ${part}`;

/** In the order in which they ended, as the server writes them. */
export const INTERVALS = `
  INSERT INTO connection_interval (device_id, epoch, seq, state, began, ended, cause)
  SELECT id, 1, r * ${EVENTS_A_ROUND} + i.s, i.state, i.began, i.ended, i.cause
    FROM seed_round CROSS JOIN LATERAL (VALUES
      (17, 'connected', since, lost, 'heartbeat-lost'), (18, 'reconnecting', lost, gave_up, 'heartbeat-lost'),
      (19, 'disconnected', gave_up, opening, 'requested'), (20, 'tcp-connecting', opening, back, 'requested')
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
   SELECT id, date_trunc('hour', lost - s * interval '1 min'), count(*) FROM seed_round, generate_series(0, 2) AS s GROUP BY 1, 2 ORDER BY 2`,
  `INSERT INTO disconnect_hour (device_id, hour, cause, count)
   SELECT id, date_trunc('hour', lost), 'heartbeat-lost', count(*) FROM seed_round GROUP BY 1, 2 ORDER BY 2`,
  `INSERT INTO signal_hour (device_id, hour, samples, sum_dbm, min_dbm, max_dbm)
   SELECT id, date_trunc('hour', began + s * interval '${QUIET_S} s'), count(*), sum(dbm), min(dbm), max(dbm)
     FROM seed_round CROSS JOIN generate_series(1, 4) AS s
    CROSS JOIN LATERAL (SELECT 2 * (5 + (n * 7 + r + s) % 26) - 113) AS l (dbm) GROUP BY 1, 2 ORDER BY 2`,
  `INSERT INTO connect_hour (device_id, hour, bucket, count)
   SELECT id, date_trunc('hour', back), ${bucketOf("back - opening")}, count(*) FROM seed_round GROUP BY 1, 2, 3 ORDER BY 2`,
  `INSERT INTO outage (device_id, epoch, seq, began, ended, unknown_ms, cause, cell)
   SELECT id, 1, (r + 1) * ${EVENTS_A_ROUND}, lost, back, 0, 'heartbeat-lost', 'cell-' || n % ${CELLS} FROM seed_round ORDER BY back`,
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
         SELECT hour, state, 0 FROM (SELECT min(since) AS first, max(back) AS last FROM seed_round) AS h,
                generate_series(date_trunc('hour', first), last, ${HOUR}) AS hour, unnest('{connected,disconnected}'::text[]) AS state
       ) AS edges GROUP BY 1, 2
     ) AS changes
   ) AS sums GROUP BY 3, 4 HAVING sum(ms) > 0`,
  fleet("timeout", "hour", "'ping'", "sum(ping)", "timeout_hour"),
  fleet("disconnect", "hour", "cause", "sum(count)", "disconnect_hour"),
  fleet("connect", "hour", "bucket::text", "sum(count)", "connect_hour"),
  fleet(
    "signal",
    `date_trunc('hour', began + s * interval '${QUIET_S} s')`,
    "(2 * (5 + (n * 7 + r + s) % 26) - 113)::text",
    "count(*)",
    "seed_round CROSS JOIN generate_series(1, 4) AS s",
  ),
  fleet("outage", "date_trunc('hour', lost)", `(${bucketOf("back - lost")})::text`, "count(*)", "seed_round"),
  fleet("outage-count", "date_trunc('hour', lost)", "'heartbeat-lost'", "count(*)", "seed_round"),
  fleet(
    "outage-ms",
    "date_trunc('hour', lost)",
    "'heartbeat-lost'",
    "sum(date_part('epoch', back - lost) * 1000)",
    "seed_round",
  ),
];
