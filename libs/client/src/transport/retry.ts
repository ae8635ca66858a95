import { ProblemResponseError, UnreachableError } from "../errors";
import { pause } from "./pause";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;
/** A server that wants to be left alone for longer is left alone for good: the caller hears of it at once. */
const LONGEST_RETRY_AFTER_MS = 60_000;
/** What proxies and servers say while they cannot answer. */
const AWAY = new Set([502, 503, 504]);
const TOO_MANY = 429;

/** How requests are tried again. */
export interface RetryPolicy {
  /** Further attempts. */
  retries: number;
  random: () => number;
  pause: (ms: number, signal?: AbortSignal) => Promise<void>;
}

export const defaultRetryPolicy: RetryPolicy = { retries: 2, random: Math.random, pause };

/**
 * Does something, and does it again where that may help: after a back-off that doubles and is scattered, or when the
 * server said so (`Retry-After`).
 * @param isRepeatable doing it twice does no harm; else only what certainly was not done is done again
 * @throws whatever the last attempt threw
 */
export async function withRetries<T>(
  policy: RetryPolicy,
  isRepeatable: boolean,
  attempt: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  for (let left = policy.retries, waitMs = FIRST_WAIT_MS; ; left--, waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    try {
      return await attempt();
    } catch (error) {
      const askedMs = error instanceof ProblemResponseError ? error.retryAfterMs : undefined;
      const mayHelp = left > 0 && !signal?.aborted && isWorthRetrying(error, isRepeatable);
      if (!mayHelp || (askedMs ?? 0) > LONGEST_RETRY_AFTER_MS) throw error;
      await policy.pause(askedMs ?? waitMs * (0.5 + policy.random()), signal);
    }
  }
}

function isWorthRetrying(error: unknown, isRepeatable: boolean): boolean {
  if (error instanceof UnreachableError) return isRepeatable;
  if (!(error instanceof ProblemResponseError)) return false;
  return error.status === TOO_MANY || (isRepeatable && AWAY.has(error.status));
}

/**
 * Reads `Retry-After` (RFC 9110, §10.2.3): seconds, or a date.
 * @returns ms from now; undefined where there is none that makes sense
 */
export function readRetryAfter(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
