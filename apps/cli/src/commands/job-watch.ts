import { type FleetClient, pagesOf, ProblemResponseError, UnreachableError } from "@mn316-fleet/client";
import type { ExecutionStatus, Job } from "@mn316-fleet/contracts";
import { setTimeout as pause } from "node:timers/promises";
import { UsageError } from "../errors";
import { EXIT, type ExitCode } from "../exit-codes";
import { printable } from "../output/printable";
import { countWords, Progress, progressLine, tally } from "../output/progress";
import type { Session } from "../session/session";

const EVERY_MS = 1_000;
/** A server that is away for so long, as while it is upgraded, does not end the watch. */
const PATIENCE_MS = 120_000;

export interface WatchOptions {
  /** How long to watch, in s; without it, until the job is over. */
  waitTimeout?: number;
}

/**
 * Shows a job until it is over.
 * @returns the exit code by its outcome
 */
export async function watchJob(session: Session, id: string, { waitTimeout }: WatchOptions): Promise<ExitCode> {
  const { client, output } = session;
  const interrupted = session.untilInterrupted();
  const progress = new Progress(output.isWatched);
  const deadline = waitTimeout === undefined ? Infinity : Date.now() + waitTimeout * 1_000;
  let shown = "";
  let job: Job | undefined;
  try {
    for (;;) {
      job = await patiently(() => client.jobs.get(id, { signal: interrupted }), interrupted, progress);
      if (job.schedule)
        throw new UsageError("this job is run again and again: watch one of its runs (jobs list --runs-of)");
      const text = JSON.stringify(job);
      if (output.isJson && text !== shown) output.entry(job, () => "");
      shown = text;
      progress.draw(progressLine(job));
      if (isOver(job)) break;
      if (Date.now() >= deadline) {
        progress.clear();
        output.note(`not over yet; look again with: fleetctl jobs watch ${id}`);
        return EXIT.notOver;
      }
      await pause(EVERY_MS, undefined, { signal: interrupted });
    }
  } catch (error) {
    progress.clear();
    if (!interrupted.aborted) throw error;
    output.note(`the job goes on; look again with: fleetctl jobs watch ${id}`);
    return EXIT.interrupted;
  }
  progress.clear();
  if (!output.isJson) await tellOutcome(session, job);
  return outcome(job);
}

/** Tries again while the server is away. */
async function patiently<T>(attempt: () => Promise<T>, signal: AbortSignal, progress: Progress): Promise<T> {
  for (const until = Date.now() + PATIENCE_MS; ;) {
    try {
      return await attempt();
    } catch (error) {
      const isAway =
        error instanceof UnreachableError || (error instanceof ProblemResponseError && error.status >= 500);
      if (!isAway || Date.now() > until) throw error;
      progress.draw("the server is away …");
      await pause(EVERY_MS, undefined, { signal });
    }
  }
}

/** A job that was ended may have executions that still run. */
function isOver({ status, counts }: Job): boolean {
  const isEnded = status !== "SCHEDULED" && status !== "ROLLING_OUT";
  return isEnded && counts.queued + counts.sent + counts.running === 0;
}

/** @param job one that is over */
export function outcome(job: Pick<Job, "status" | "counts">): ExitCode {
  if (job.status === "ABORTED") return EXIT.jobAborted;
  if (job.status === "CANCELED") return EXIT.jobCanceled;
  return tally(job).bad > 0 ? EXIT.jobFailed : EXIT.ok;
}

const FAILURES = { FAILED: "failed", TIMED_OUT: "timedOut", REJECTED: "rejected", EXPIRED: "expired" } as const;
/** Executions that are looked at for what went wrong, and reasons that are told. */
const LOOKED_AT = 500;
const TOLD = 10;

async function tellOutcome({ client, output }: Session, job: Job): Promise<void> {
  const { total } = tally(job);
  const why = job.reason === undefined ? "" : ` (${printable(job.reason)})`;
  const words = total === 0 ? ", no device matched" : countWords(job);
  output.document(job, () => `${job.status.toLowerCase()}${why}: ${total} executions${words}`);
  const reasons = new Map<string, { count: number; deviceId: string }>();
  for (const [status, count] of Object.entries(FAILURES)) {
    if (job.counts[count] === 0) continue;
    for (const [reason, deviceId] of await reasonsOf(client, job.id, status as ExecutionStatus)) {
      const known = reasons.get(reason) ?? { count: 0, deviceId };
      reasons.set(reason, { ...known, count: known.count + 1 });
    }
  }
  const sorted = [...reasons].sort(([, a], [, b]) => b.count - a.count).slice(0, TOLD);
  for (const [reason, { count, deviceId }] of sorted)
    output.document(reason, () => output.paint("red", `  ${count} × ${printable(reason)}, such as ${deviceId}`));
}

async function reasonsOf(
  client: FleetClient,
  jobId: string,
  status: ExecutionStatus,
): Promise<[reason: string, deviceId: string][]> {
  const found: [string, string][] = [];
  for await (const each of pagesOf(client.jobs.executions, jobId, { status })) {
    const last = each.steps.at(-1);
    const where =
      last && each.error === undefined ? `${last.command}: ${last.result}` : (each.error ?? "no reason given");
    found.push([`${status}: ${where}`, each.deviceId]);
    if (found.length === LOOKED_AT) break;
  }
  return found;
}
