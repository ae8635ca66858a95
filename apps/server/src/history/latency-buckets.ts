/**
 * Fixed logarithmic buckets of durations, the same for every device and for good, so that histograms add up. Four to a
 * doubling: a quantile is off by less than a tenth.
 */
const BUCKETS_A_DOUBLING = 4;
/** 366 days are 2^34.9 ms; the last bucket takes all that is longer. */
const DOUBLINGS = 35;

/** Lower bounds in whole ms, ascending; doublings near 1 ms have fewer than four of them. */
const BOUNDS_MS: readonly number[] = [
  0,
  ...new Set(
    Array.from({ length: BUCKETS_A_DOUBLING * DOUBLINGS + 1 }, (_, step) =>
      Math.ceil(2 ** (step / BUCKETS_A_DOUBLING)),
    ),
  ),
];

/** How many buckets there are; they are numbered from 0. */
export const LATENCY_BUCKETS = BOUNDS_MS.length;

/**
 * The number of the bucket that a duration falls into.
 * @param ms whole milliseconds; what is below 0 counts as 0
 */
export function latencyBucket(ms: number): number {
  let [low, high] = [0, BOUNDS_MS.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((BOUNDS_MS[middle] ?? Infinity) <= ms) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * What falls into a bucket: `from` inclusive, `to` exclusive, in ms. The last one has no end.
 * @throws RangeError where there is no such bucket
 */
export function latencyBounds(bucket: number): { fromMs: number; toMs: number } {
  const fromMs = BOUNDS_MS[bucket];
  if (fromMs === undefined) throw new RangeError(`there is no latency bucket ${bucket}`);
  return { fromMs, toMs: BOUNDS_MS[bucket + 1] ?? Infinity };
}

/**
 * The duration in ms below which a share of the samples lies, as if each bucket's were spread evenly over it.
 * @param counts samples by number of their bucket
 * @param share 0…1
 * @returns undefined where there are no samples
 */
export function latencyQuantile(counts: ReadonlyMap<number, number>, share: number): number | undefined {
  const filled = [...counts].filter(([, count]) => count > 0).sort(([a], [b]) => a - b);
  const total = filled.reduce((sum, [, count]) => sum + count, 0);
  let left = total * share;
  for (const [index, [bucket, count]] of filled.entries()) {
    if (left > count && index < filled.length - 1) {
      left -= count;
      continue;
    }
    const { fromMs, toMs } = latencyBounds(bucket);
    return toMs === Infinity ? fromMs : fromMs + (toMs - fromMs) * Math.min(1, left / count);
  }
  return undefined;
}
