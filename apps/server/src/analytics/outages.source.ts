import type { Cause } from "@mn316-fleet/protocol";
import { latencyBucketSql } from "./latency-bucket.sql";
import type { HourlySource } from "./question/hourly-sums";

/** How long an outage `o` was seen to last, in ms; as the index outage_seen_ms_idx has it. */
export const OUTAGE_MS = "(date_part('epoch', o.ended - o.began) * 1000)::bigint - o.unknown_ms";

/** Outages that are over, how many and how long they were seen to last, by when they began: keys are `outage-count/<cause>`, `outage-ms/<cause>`. */
export const OUTAGE_SUMS: HourlySource = {
  fleet: (isHour) =>
    `SELECT hour AS at, metric || '/' || key AS key, value FROM fleet_hour
      WHERE metric IN ('outage-count', 'outage-ms') AND ${isHour("hour")}`,
  raw: (isWithin) =>
    `SELECT o.began AS at, sums.metric || '/' || o.cause AS key, sums.value, o.device_id
       FROM outage o CROSS JOIN LATERAL (VALUES ('outage-count', 1), ('outage-ms', ${OUTAGE_MS})) AS sums (metric, value)
      WHERE ${isWithin("o.began")}`,
};

/**
 * Outages that are over, by when they began and the bucket of their duration.
 * @param cause only of this one, which the fleet's sums do not tell
 */
export const outageHistogram = (cause: Cause | undefined): HourlySource => ({
  fleet: (isHour) => `SELECT hour AS at, key, value FROM fleet_hour WHERE metric = 'outage' AND ${isHour("hour")}`,
  raw: (isWithin) =>
    `SELECT o.began AS at, ${latencyBucketSql(`greatest(0, ${OUTAGE_MS})`)}::text AS key, 1 AS value, o.device_id
       FROM outage o WHERE ${isWithin("o.began")}${cause === undefined ? "" : ` AND o.cause = '${cause}'`}`,
});
