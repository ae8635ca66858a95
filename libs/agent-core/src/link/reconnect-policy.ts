import { CLOSE, RECONNECT_DELAY } from "@mn316-fleet/protocol";
import { backoffMs } from "../time";
import type { ConnectionEnd } from "./connection";

/** A connection that has held so long proves that the server is well: the delay begins anew. */
export const STABLE_MS = 60_000;

const UNAUTHORIZED_MIN_MS = 60_000;
const SUPERSEDED_MIN_MS = 30_000;
const OVER_RATE_MIN_MS = 15_000;
const HTTP_UNAUTHORIZED = 401;
const HTTP_FORBIDDEN = 403;

/** Why the server does not want this agent, where it said so. */
export function isUnauthorized({ code }: ConnectionEnd): boolean {
  return code === CLOSE.unauthorized || code === HTTP_UNAUTHORIZED || code === HTTP_FORBIDDEN;
}

/**
 * How long to stay away after a connection ended, in ms: jittered, doubling from 1 s to 5 min; longer from the start where
 * coming back at once would do harm.
 * @param attempt connections in a row that did not hold
 */
export function reconnectDelayMs(end: ConnectionEnd, attempt: number, random: () => number): number {
  const minMs = isUnauthorized(end)
    ? UNAUTHORIZED_MIN_MS
    : end.code === CLOSE.superseded
      ? SUPERSEDED_MIN_MS
      : end.code === CLOSE.overRate
        ? OVER_RATE_MIN_MS
        : RECONNECT_DELAY.minMs;
  return backoffMs(attempt, { minMs, maxMs: RECONNECT_DELAY.maxMs }, random);
}
