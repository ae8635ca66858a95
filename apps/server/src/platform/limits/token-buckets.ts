/** How often something may happen: so many at once, and so many a second in the long run. */
export interface Rate {
  burst: number;
  perS: number;
}

/** Who is kept in mind; when there are more, somebody is many, and the longest known are forgotten. */
const MAX_KEYS = 10_000;

interface Bucket {
  tokens: number;
  at: number;
}

/** Token buckets in the memory of this process, one for each key. */
export class TokenBuckets {
  private readonly buckets = new Map<string, Bucket>();

  /** @param now ms, from a clock that only goes on */
  constructor(
    private readonly rate: Rate,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Takes a token. @returns 0 where there was one, else in how many seconds there will be */
  take(key: string): number {
    const waitS = this.waitS(key);
    if (waitS > 0) return waitS;
    this.bucketOf(key).tokens -= 1;
    return 0;
  }

  /**
   * Counts what happened already, as a debt where there was no token; nobody owes more than a burst, or whoever has stolen a
   * token could keep its owner waiting for long.
   * @returns 0 where there was a token, else in how many seconds there will be one
   */
  charge(key: string): number {
    const bucket = this.bucketOf(key);
    const hadOne = bucket.tokens >= 1;
    bucket.tokens = Math.max(bucket.tokens - 1, -this.rate.burst);
    return hadOne ? 0 : this.waitS(key);
  }

  /** @returns 0 where there is a token, else in how many seconds there will be; takes none */
  waitS(key: string): number {
    const { tokens } = this.bucketOf(key);
    return tokens >= 1 ? 0 : Math.ceil((1 - tokens) / this.rate.perS);
  }

  private bucketOf(key: string): Bucket {
    const now = this.now();
    const { burst, perS } = this.rate;
    const known = this.buckets.get(key) ?? { tokens: burst, at: now };
    const bucket = { tokens: Math.min(burst, known.tokens + ((now - known.at) / 1_000) * perS), at: now };
    // Written anew each time, so that the first of the map is the one that was asked for the longest ago.
    this.buckets.delete(key);
    this.buckets.set(key, bucket);
    for (const oldest of this.buckets.keys()) {
      if (this.buckets.size <= MAX_KEYS) break;
      this.buckets.delete(oldest);
    }
    return bucket;
  }
}
