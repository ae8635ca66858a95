import type { ConnectLatency, ConnectLatencyQuery } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { latencyBounds, latencyQuantile } from "../history/latency-buckets";
import { latencyBucketSql } from "./latency-bucket.sql";
import { Asking } from "./question/asking";
import { allOf, type Counted, Countings, groupName } from "./question/countings";
import type { HourlySource } from "./question/hourly-sums";

const CONNECTING = "('tcp-connecting', 'tcp-connected', 'awaiting-connack', 'reconnecting')";
/** An attempt that has gone on for longer is not looked for among the raw events. */
const LOOK_BACK = "interval '7 days'";
/** Events follow each other by their numbers; by a clock that was wrong they may be so far out of order. */
const OUT_OF_ORDER = "interval '1 day'";

const isConnecting = (event: string, field: "from" | "to") => `${event}.fields ->> '${field}' IN ${CONNECTING}`;

/**
 * Attempts that ended connected, by the bucket of their duration. Of the raw: what the projector of rollups does, from the
 * end. The attempt began with the newest change before that is not between two states of connecting.
 */
const CONNECTS: HourlySource = {
  fleet: (isHour) => `SELECT hour AS at, key, value FROM fleet_hour WHERE metric = 'connect' AND ${isHour("hour")}`,
  rollup: (isHour) =>
    `SELECT h.hour AS at, h.bucket::text AS key, h.count AS value, h.device_id FROM connect_hour h
      WHERE ${isHour("h.hour")}`,
  raw: (isWithin) =>
    `SELECT e.at, ${latencyBucketSql("greatest(0, extract(epoch FROM e.at - b.at) * 1000)")}::text AS key, 1 AS value,
            e.device_id
       FROM module_event e
      CROSS JOIN LATERAL (
        SELECT x.epoch, x.seq, x.at, x.fields FROM module_event x
         WHERE x.device_id = e.device_id AND x.kind = 'state' AND (x.epoch, x.seq) < (e.epoch, e.seq)
           AND x.at BETWEEN e.at - ${LOOK_BACK} AND e.at + ${OUT_OF_ORDER} AND NOT (${isConnecting("x", "from")} AND ${isConnecting("x", "to")})
         ORDER BY x.epoch DESC, x.seq DESC LIMIT 1
      ) AS b
      WHERE e.kind = 'state' AND e.fields ->> 'to' = 'connected' AND ${isConnecting("e", "from")} AND ${isWithin("e.at")}
        AND ${isConnecting("b", "to")} AND b.fields ->> 'from' <> 'connected'
        AND NOT EXISTS (
          SELECT FROM (
            SELECT y.fields ->> 'from' AS "from", lag(y.fields ->> 'to') OVER (ORDER BY y.epoch, y.seq) AS before
              FROM module_event y
             WHERE y.device_id = e.device_id AND y.kind = 'state' AND y.at BETWEEN b.at - ${OUT_OF_ORDER} AND e.at + ${OUT_OF_ORDER}
               AND (y.epoch, y.seq) BETWEEN (b.epoch, b.seq) AND (e.epoch, e.seq)
          ) AS steps WHERE steps.before <> steps."from"
        )`,
};

/** How long it took modules to connect. */
@Injectable()
export class ConnectLatencyQuestion {
  constructor(
    private readonly asking: Asking,
    private readonly countings: Countings,
  ) {}

  async answer(query: ConnectLatencyQuery): Promise<ConnectLatency> {
    const question = await this.asking.question(query);
    const [head, buckets, groups] = await Promise.all([
      this.asking.head(question),
      this.countings.buckets(question, CONNECTS),
      this.countings.groups(question, CONNECTS),
    ]);
    const all = allOf(buckets);
    return {
      ...head,
      bucket: query.bucket,
      ...quantiles(all),
      histogram: [...byBucket(all)]
        .sort(([a], [b]) => a - b)
        .map(([bucket, connects]) => {
          const { fromMs, toMs } = latencyBounds(bucket);
          return { fromMs, toMs: Number.isFinite(toMs) ? toMs : null, connects };
        }),
      rows: buckets.map((bucket) => ({ at: bucket.at, ...quantiles(bucket) })),
      ...(groups && { groups: groups.map((group) => ({ ...groupName(group), ...quantiles(group) })) }),
    };
  }
}

const byBucket = ({ counts }: Counted) => new Map([...counts].map(([bucket, count]) => [Number(bucket), count]));

function quantiles(counted: Counted) {
  const histogram = byBucket(counted);
  const below = (share: number) => {
    const ms = latencyQuantile(histogram, share);
    return ms === undefined ? null : Math.round(ms);
  };
  return { connects: counted.total, p50Ms: below(0.5), p90Ms: below(0.9), p99Ms: below(0.99) };
}
