import type { JobCounts } from "@mn316-fleet/contracts";

/** What a job's executions have come to, as far as a person wants to tell them apart. */
export interface Progress {
  total: number;
  ended: number;
  parts: { name: "succeeded" | "failed" | "other" | "underWay" | "waiting"; count: number }[];
}

/** Sums up a job's counts. */
export function progressOf(counts: JobCounts): Progress {
  const failed = counts.failed + counts.timedOut + counts.rejected;
  const other = counts.canceled + counts.expired;
  const underWay = counts.sent + counts.running;
  const total = counts.succeeded + failed + other + underWay + counts.queued;
  return {
    total,
    ended: counts.succeeded + failed + other,
    parts: [
      { name: "succeeded", count: counts.succeeded },
      { name: "failed", count: failed },
      { name: "other", count: other },
      { name: "underWay", count: underWay },
      { name: "waiting", count: counts.queued },
    ],
  };
}
