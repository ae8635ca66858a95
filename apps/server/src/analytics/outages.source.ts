import type { Cause } from "@mn316-fleet/protocol";
import { latencyBucketSql } from "./latency-bucket.sql";
import type { HourlySource } from "./question/hourly-sums";

/** How long an outage `o` was seen to last, in ms. */
export const OUTAGE_MS = "(extract(epoch FROM o.ended - o.began) * 1000)::bigint - o.unknown_ms";

/**
 * Outages that are over, by when they began and the bucket of their duration.
 * @param cause only of this one, which the fleet's sums do not tell
 */
export const outageHistogram = (cause: Cause | undefined): HourlySource => ({
  fleet: (isHour) => `SELECT hour AS at, key, value FROM fleet_hour WHERE metric = 'outage' AND ${isHour("hour")}`,
  raw: (isWithin) =>
    `SELECT o.began AS at, ${latencyBucketSql(`greatest(0, ${OUTAGE_MS})`)}::text AS key, 1::bigint AS value, o.device_id
       FROM outage o WHERE ${isWithin("o.began")}${cause === undefined ? "" : ` AND o.cause = '${cause}'`}`,
});
