import fc from "fast-check";
import { LATENCY_BUCKETS, latencyBounds, latencyBucket, latencyQuantile } from "./latency-buckets";

const YEAR_MS = 366 * 86_400_000;

describe("the buckets of durations", () => {
  it("take every duration, each one exactly, and are hardly wider than a fifth", () => {
    let end = 0;
    for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
      const { fromMs, toMs } = latencyBounds(bucket);
      expect(fromMs).toBe(end);
      expect(latencyBucket(fromMs)).toBe(bucket);
      if (toMs === Infinity) continue;
      expect(latencyBucket(toMs - 1)).toBe(bucket);
      expect(toMs - fromMs <= 1 || toMs / fromMs < 1.26).toBe(true);
      end = toMs;
    }
    expect(end).toBeGreaterThan(YEAR_MS);
    expect(latencyBucket(-1)).toBe(0);
    expect(latencyBucket(Number.MAX_SAFE_INTEGER)).toBe(LATENCY_BUCKETS - 1);
    expect(() => latencyBounds(LATENCY_BUCKETS)).toThrow(RangeError);
    // Stored for good: they may never move.
    expect([1, 100, 1_000, 60_000, 86_400_000].map((ms) => latencyBounds(latencyBucket(ms)).fromMs))
      .toMatchInlineSnapshot(`
      [
        1,
        91,
        862,
        55109,
        79806339,
      ]
    `);
  });

  it("give quantiles that lie as near to the samples' own as a bucket is wide", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: YEAR_MS }), { minLength: 1, maxLength: 50 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (samples, share) => {
          const counts = new Map<number, number>();
          for (const ms of samples) counts.set(latencyBucket(ms), (counts.get(latencyBucket(ms)) ?? 0) + 1);
          const exact = [...samples].sort((a, b) => a - b)[Math.ceil(samples.length * share) - 1]!;
          const { fromMs, toMs } = latencyBounds(latencyBucket(exact));
          const quantile = latencyQuantile(counts, share)!;
          expect(quantile).toBeGreaterThanOrEqual(fromMs);
          expect(quantile).toBeLessThanOrEqual(toMs);
        },
      ),
    );
    expect(latencyQuantile(new Map(), 0.5)).toBeUndefined();
    expect(latencyQuantile(new Map([[LATENCY_BUCKETS - 1, 3]]), 0.5)).toBe(latencyBounds(LATENCY_BUCKETS - 1).fromMs);
  });
});
