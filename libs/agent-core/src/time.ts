import { type Clock, systemClock } from "@mn316-fleet/at";
import { performance } from "node:perf_hooks";

/**
 * Time for durations and deadlines: it runs on evenly while somebody sets the wall clock. A device that was started without
 * a battery behind its clock jumps by decades at the first synchronisation, and a wait must neither end nor grow by that.
 */
export const steadyClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  after: (ms, callback) => systemClock.after(ms, callback),
};

/**
 * Waits `ms`, or until the signal aborts, whichever comes first.
 * @returns whether the whole time passed
 */
export function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<boolean> {
  if (signal?.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const onAbort = () => {
      cancel();
      resolve(false);
    };
    const cancel = clock.after(ms, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve(true);
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** The time was up before the work was done. */
export class DeadlineError extends Error {
  constructor(readonly limitMs: number) {
    super(`not done within ${Math.round(limitMs / 100) / 10} s`);
    this.name = "DeadlineError";
  }
}

/**
 * Bounds work by time. The work itself goes on unheard: it must be harmless by then.
 * @throws DeadlineError when the time is up
 */
export function within<T>(clock: Clock, limitMs: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(Math.max(0, limitMs), () => {
      reject(new DeadlineError(limitMs));
    });
    work.then(resolve, reject).finally(cancel);
  });
}

/** A delay drawn between `minMs` and a ceiling that doubles with each attempt up to `maxMs`. */
export function backoffMs(
  attempt: number,
  { minMs, maxMs }: { minMs: number; maxMs: number },
  random: () => number,
): number {
  const ceilingMs = Math.min(maxMs, minMs * 2 ** Math.min(attempt + 1, 30));
  return minMs + random() * (ceilingMs - minMs);
}
