import { LATENCY_BUCKETS, latencyBounds } from "../history/latency-buckets";

const BOUNDS = Array.from({ length: LATENCY_BUCKETS }, (_, bucket) => latencyBounds(bucket).fromMs).join(",");

/** The number of the bucket that a duration falls into, as `latencyBucket` has it: an expression for one in ms, 0 or more. */
export const latencyBucketSql = (ms: string) => `(width_bucket((${ms})::bigint, '{${BOUNDS}}'::bigint[]) - 1)`;
