import type { ExecutionReport } from "@mn316-fleet/protocol";
import { Injectable, type OnModuleInit } from "@nestjs/common";
import { FrameHandlers } from "../gateway/frame-handlers";
import { type NewEvent, type Projector, Projectors } from "../ingest/projectors";
import {
  ExecutionsStore,
  type ExecutionUpdate,
  type NextAttempt,
  type ReportedExecution,
  type StepResult,
  TIMEOUT_GRACE_S,
  waitBefore,
} from "../jobs/executions.store";
import { mayTryAgain } from "../jobs/retries";
import { afterReport, isFinal, sourcesOf } from "../jobs/transitions";
import { WakeUps } from "../jobs/wake-ups";
import { Database, type Transaction } from "../platform/database/database";
import { storable } from "../platform/database/storable";

/** A report and the device it came from: no device can speak for another. */
export interface DeviceReport {
  deviceId: string;
  report: ExecutionReport;
}

/**
 * Learns what became of executions, from `execution` events inside the transaction that stores them and from frames of
 * the same content; both may come, in any order and repeatedly.
 */
@Injectable()
export class ExecutionReports implements OnModuleInit, Projector<"execution"> {
  readonly name = "execution";
  readonly kinds = ["execution"] as const;

  constructor(
    private readonly frames: FrameHandlers,
    private readonly projectors: Projectors,
    private readonly database: Database,
    private readonly executions: ExecutionsStore,
    private readonly wakeUps: WakeUps,
  ) {}

  onModuleInit(): void {
    this.projectors.register(this);
    this.frames.register("execution", async ({ deviceId }, report) => {
      const after = await this.database.transaction((tx) => this.take(tx, [{ deviceId, report }]));
      after();
    });
  }

  async apply(
    tx: Transaction,
    events: NewEvent<"execution">[],
    afterCommit: (followUp: () => void) => void,
  ): Promise<void> {
    const reports = events.map(({ deviceId, event }) => ({ deviceId, report: event }));
    afterCommit(await this.take(tx, reports));
  }

  /** @returns what to do after the commit: set the deadline of what began, send what comes next */
  async take(tx: Transaction, reports: DeviceReport[]): Promise<() => void> {
    const byExecution = new Map<string, DeviceReport[]>();
    for (const report of reports) {
      const id = report.report.execution.toLowerCase();
      byExecution.set(id, [...(byExecution.get(id) ?? []), report]);
    }
    const locked = await this.executions.lock(tx, [...byExecution.keys()]);
    const updates: ExecutionUpdate[] = [];
    const nextAttempts: NextAttempt[] = [];
    const ended: typeof locked = [];
    const begun: typeof locked = [];
    for (const execution of locked) {
      const own = (byExecution.get(execution.id) ?? []).filter(
        ({ deviceId, report }) => deviceId === execution.deviceId && report.attempt === execution.attempt,
      );
      if (own.length === 0) continue;
      const update = updateOf(
        execution,
        own.map(({ report }) => report),
      );
      const next = nextAttempt(execution, update);
      if (next) nextAttempts.push(next);
      else updates.push(update);
      if (update.isEnd) ended.push(execution);
      else if (update.status === "RUNNING" && execution.status !== "RUNNING") begun.push(execution);
    }
    if (updates.length > 0) await this.executions.update(tx, updates);
    await this.executions.tryAgain(tx, nextAttempts);
    await this.executions.completeJobs(tx, ended);
    const waits = new Map(nextAttempts.map(({ id, waitS }) => [id, waitS * 1_000]));
    return () => {
      this.wakeUps.dispatch(ended.map(({ id, deviceId, attempt }) => ({ deviceId, reason: `after-${id}-${attempt}` })));
      const held = ended.filter(({ isControlled }) => isControlled);
      for (const jobId of new Set(held.map(({ jobId }) => jobId))) this.wakeUps.release(jobId);
      for (const { id, jobId, deviceId, attempt, isControlled } of ended) {
        const waitMs = waits.get(id);
        if (waitMs === undefined) continue;
        if (isControlled) this.wakeUps.release(jobId, waitMs);
        else this.wakeUps.dispatch([{ deviceId, reason: `again-${id}-${attempt}` }], waitMs);
      }
      for (const { id, jobId, attempt, timeoutS } of begun)
        this.wakeUps.deadlines(jobId, `time-out-${id}-${attempt}`, [(timeoutS + TIMEOUT_GRACE_S) * 1_000 + 100]);
    };
  }
}

/** Folds the reports of one execution, in their order, into one change. */
function updateOf(
  { id, status, givenUp, late }: Pick<ExecutionUpdate, "id" | "status" | "givenUp" | "late">,
  reports: ExecutionReport[],
): ExecutionUpdate {
  const update: ExecutionUpdate = { id, status, givenUp, late, results: {}, error: null, isEnd: false };
  for (const report of reports) {
    const before = { status: update.status, givenUp: update.givenUp, late: update.late };
    const after = afterReport(before, report.status);
    Object.assign(update, after);
    if (after !== before && isFinal(after.status)) {
      update.isEnd = true;
      update.error = storable(report.error ?? null);
    }
    const result = resultOf(report);
    if (result && report.step !== undefined) update.results[String(report.step)] = storable(result);
  }
  return update;
}

/** Another attempt in place of an end that the job's rules let be repeated; what was over before stays over. */
function nextAttempt(
  execution: ReportedExecution,
  { isEnd, status, error, results }: ExecutionUpdate,
): NextAttempt | undefined {
  const { id, attempt, hasTime } = execution;
  if (!isEnd || !hasTime || !sourcesOf("try-again").includes(execution.status)) return undefined;
  if (!mayTryAgain(execution, { attempt, status, error })) return undefined;
  return { id, status, error, results, waitS: waitBefore(execution) };
}

/** The step that a report tells of; one that only announces the next step has no result yet. */
function resultOf({ step, command, result, output, truncated, ms }: ExecutionReport): StepResult | undefined {
  if (step === undefined || result === undefined) return undefined;
  return { command: command ?? "", result, output: output ?? [], ...(truncated && { truncated }), ms: ms ?? 0 };
}
