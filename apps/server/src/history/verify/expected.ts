import { TIMEOUT_NAMES, TIMEOUT_TYPES } from "@mn316-fleet/manual";
import { LATENCY_BUCKETS, latencyBounds } from "../latency-buckets";
import { signalDbm } from "../signal-dbm";
import { stateHoursSql } from "../state-hours.sql";

/** What rollups must hold of days $1 (inclusive) to $2 (exclusive), both whole numbers of days since 1970. */
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MAX_INTERVAL_DAYS = 366;
export const MS = (column: string) => `(extract(epoch FROM ${column}) * 1000)::bigint`;
const HOUR = (column: string) => `(extract(epoch FROM ${column}) / 3600)::int`;
const AT_HOUR = `${MS("at")} / ${HOUR_MS}`;
/** When the stretch of time began that a `state` event ends, as `trustedBegin` has it. */
export const BEGAN = `greatest(least((fields->>'since')::bigint, ${MS("at")}), ${MS("at")} - ${MAX_INTERVAL_DAYS}::bigint * ${DAY_MS})`;
/** The raw events of devices $3 from the range's begin on; those dated before cannot tell of it. */
const RAW = `module_event WHERE device_id = ANY ($3::uuid[]) AND at >= to_timestamp($1::int * 86400::float8)`;
const IN_RANGE = `at < to_timestamp($2::int * 86400::float8)`;

/** The stretches of time that `state` events end, by the days that they have a part in. */
const STRETCHES = `
  SELECT device_id, state, day, least(ended, (day + 1) * ${DAY_MS}) - greatest(began, day * ${DAY_MS}) AS ms,
         (began <= day * ${DAY_MS})::int AS begins
    FROM (SELECT device_id, fields->>'from' AS state, ${MS("at")} AS ended,
                 ${BEGAN} AS began
            FROM ${RAW} AND kind = 'state') AS stretch,
         generate_series(greatest(began / ${DAY_MS}, $1::int), least((ended - 1) / ${DAY_MS}, $2::int - 1)) AS day
   WHERE ended > began`;

const DBM = `2 * (fields->>'rssi')::int + ${signalDbm(0)}`;
const SAMPLES = `${RAW} AND ${IN_RANGE} AND kind = 'signal' AND (fields->>'rssi')::int <> 99`;
const TIMEOUTS = Object.entries(TIMEOUT_TYPES).map(
  ([type, name]) => `count(*) FILTER (WHERE (fields->>'type')::int = ${type}) AS ${name}`,
);

/** By table of sums by device, from the raw events of devices $3. */
export const EXPECTED_OF_DEVICES = {
  availability_day: `
    SELECT device_id, day, coalesce(sum(ms) FILTER (WHERE state = 'connected'), 0) AS connected_ms,
           sum(ms) AS known_ms, coalesce(sum(begins) FILTER (WHERE state = 'connected'), 0) AS connected_begins,
           sum(begins) AS known_begins
      FROM (${STRETCHES}) AS part WHERE state <> 'unknown' GROUP BY 1, 2`,
  timeout_hour: `
    SELECT device_id, ${AT_HOUR} AS hour, ${TIMEOUTS.join(", ")} FROM ${RAW} AND ${IN_RANGE} AND kind = 'timeout' GROUP BY 1, 2`,
  disconnect_hour: `
    SELECT device_id, ${AT_HOUR} AS hour, fields->>'cause' AS cause, count(*) AS count
      FROM ${RAW} AND ${IN_RANGE} AND kind = 'state' AND fields->>'from' = 'connected' AND fields->>'to' <> 'unknown'
     GROUP BY 1, 2, 3`,
  reconnect_hour: `
    SELECT device_id, ${AT_HOUR} AS hour, count(*) AS attempts FROM ${RAW} AND ${IN_RANGE} AND kind = 'reconnect' GROUP BY 1, 2`,
  signal_hour: `
    SELECT device_id, ${AT_HOUR} AS hour, count(*) AS samples, sum(${DBM}) AS sum_dbm, min(${DBM}) AS min_dbm,
           max(${DBM}) AS max_dbm
      FROM ${SAMPLES} GROUP BY 1, 2`,
};

const BOUNDS = Array.from({ length: LATENCY_BUCKETS }, (_, bucket) => latencyBounds(bucket).fromMs);
const OF_DAYS = `hour >= to_timestamp($1::int * 86400::float8) AND hour < to_timestamp($2::int * 86400::float8)`;
const STATE_HOURS = stateHoursSql({
  from: "to_timestamp($1::int * 86400::float8)",
  to: "to_timestamp($2::int * 86400::float8)",
});
const ENDED_OUTAGES = `
  outage, LATERAL (SELECT ${MS("ended")} - ${MS("began")} - unknown_ms AS down_ms) AS length
   WHERE began >= to_timestamp($1::int * 86400::float8) AND began < to_timestamp($2::int * 86400::float8)`;
const BEGAN_HOUR = `${MS("began")} / ${HOUR_MS}`;

/**
 * Each fleet's sums, from those by device, the intervals and the outages, which stay as long as these and hold removed devices, too. Only
 * the strengths of the signal are in the raw events alone.
 */
export const EXPECTED_OF_FLEET = `
  SELECT fleet_id, metric, hour, key, sum(value) AS value FROM (
    SELECT device_id, 'state-ms' AS metric, ${HOUR("hour")} AS hour, state AS key, ms AS value FROM (${STATE_HOURS}) AS state_hour
    UNION ALL
    SELECT device_id, 'timeout', ${HOUR("hour")}, type.name, type.count
      FROM timeout_hour, LATERAL (VALUES ${TIMEOUT_NAMES.map((name) => `('${name}', ${name})`).join(", ")}) AS type (name, count)
     WHERE ${OF_DAYS}
    UNION ALL SELECT device_id, 'disconnect', ${HOUR("hour")}, cause, count FROM disconnect_hour WHERE ${OF_DAYS}
    UNION ALL SELECT device_id, 'connect', ${HOUR("hour")}, bucket::text, count FROM connect_hour WHERE ${OF_DAYS}
    UNION ALL SELECT device_id, 'reconnect', ${HOUR("hour")}, '', attempts FROM reconnect_hour WHERE ${OF_DAYS}
    UNION ALL
    SELECT device_id, 'signal', ${AT_HOUR}, (${DBM})::text, 1 FROM module_event
     WHERE at >= to_timestamp($1::int * 86400::float8) AND ${IN_RANGE} AND kind = 'signal' AND (fields->>'rssi')::int <> 99
    UNION ALL
    SELECT device_id, 'outage', ${BEGAN_HOUR}, (width_bucket(down_ms, ARRAY[${BOUNDS.join(", ")}]::bigint[]) - 1)::text, 1
      FROM ${ENDED_OUTAGES}
    UNION ALL SELECT device_id, 'outage-count', ${BEGAN_HOUR}, cause, 1 FROM ${ENDED_OUTAGES}
    UNION ALL SELECT device_id, 'outage-ms', ${BEGAN_HOUR}, cause, down_ms FROM ${ENDED_OUTAGES}
  ) AS part JOIN device_fleet USING (device_id) GROUP BY 1, 2, 3, 4 HAVING sum(value) <> 0`;
