import {
  type CreateJob,
  createJobSchema,
  type Execution,
  type ExecutionQuery,
  type Job,
  type JobCounts,
  type JobQuery,
  type Page,
} from "@mn316-fleet/contracts";
import type { JobKind } from "@mn316-fleet/protocol";
import { Injectable } from "@nestjs/common";
import { z } from "zod";
import type { Caller } from "../auth/caller";
import { Idempotency } from "../idempotency/idempotency";
import type { RequestKey } from "../idempotency/idempotency-key";
import { Database } from "../platform/database/database";
import { createdPosition, decodeCursor, pageOfRows } from "../platform/paging/cursor";
import { conflict, notFound } from "../platform/problems/problem.error";
import { ExecutionsStore, type StepResult } from "./executions.store";
import { JobMaker } from "./job-maker";
import { type ExecutionRow, type JobRow, JobsStore } from "./jobs.store";
import { WakeUps } from "./wake-ups";

const executionPosition = z.number().int().min(0);

@Injectable()
export class JobsService {
  constructor(
    private readonly database: Database,
    private readonly store: JobsStore,
    private readonly executions: ExecutionsStore,
    private readonly maker: JobMaker,
    private readonly idempotency: Idempotency,
    private readonly wakeUps: WakeUps,
  ) {}

  /**
   * @param key of a request that may come again; it is answered with the same job then
   * @throws 422 as `JobMaker.make`; nothing is created then
   */
  async create(job: CreateJob, { name }: Caller, key: RequestKey): Promise<Job> {
    const made = await this.idempotency.once({ ...key, request: job }, (tx) => this.maker.make(tx, job, name));
    if ("follow" in made) made.follow();
    return this.get(made.id);
  }

  /** A job for one device that needs no further word. @throws 404 for an unknown device */
  async createFor(deviceId: string, kind: Exclude<JobKind, "at">, caller: Caller, key: RequestKey): Promise<Job> {
    const existing = await this.database.transaction((tx) => this.store.existing(tx, [deviceId]));
    if (existing.size === 0) throw notFound("device", deviceId);
    return this.create(createJobSchema.parse({ kind, targets: { deviceIds: [deviceId] } }), caller, key);
  }

  async get(id: string): Promise<Job> {
    const row = await this.store.find(id);
    if (!row) throw notFound("job", id);
    return toJob(row);
  }

  async list({ cursor, ...query }: JobQuery): Promise<Page<Job>> {
    const rows = await this.store.list(query, decodeCursor(cursor, createdPosition));
    return pageOfRows(rows, query.limit, toJob, ({ createdAt, id }) => [createdAt.getTime(), id]);
  }

  async listExecutions(jobId: string, { cursor, ...query }: ExecutionQuery): Promise<Page<Execution>> {
    if (!(await this.store.find(jobId))) throw notFound("job", jobId);
    const rows = await this.store.executions(jobId, query, decodeCursor(cursor, executionPosition));
    return pageOfRows(rows, query.limit, toExecution, ({ position }) => Number(position));
  }

  /** What was to be done on one device, the newest first. @throws 404 for an unknown device */
  async listExecutionsOf(deviceId: string, { cursor, ...query }: ExecutionQuery): Promise<Page<Execution>> {
    const existing = await this.database.transaction((tx) => this.store.existing(tx, [deviceId]));
    if (existing.size === 0) throw notFound("device", deviceId);
    const rows = await this.store.executionsOfDevice(deviceId, query, decodeCursor(cursor, executionPosition));
    return pageOfRows(rows, query.limit, toExecution, ({ position }) => Number(position));
  }

  /**
   * Cancels what waits at once, and asks the devices of what was sent: each confirms, or its command is on the line already
   * and its real outcome stands. A recurring job makes no further run.
   * @throws 409 where all is over, or asked already
   */
  async cancel(id: string): Promise<Job> {
    const asked = await this.database.transaction(async (tx) => {
      const wasOpen = await this.store.cancel(tx, id);
      // What goes out, or comes back for another attempt, between two of these statements is caught by the next one.
      await this.executions.cancelWaiting(tx, id);
      const asked = await this.executions.askCancel(tx, id);
      await this.executions.cancelWaiting(tx, id);
      if (wasOpen || asked.length > 0) return asked;
      const { status, counts } = await this.get(id);
      const isAsked = status === "CANCELED" && counts.running > 0;
      throw conflict(
        isAsked ? "The devices of this job were asked to end it already." : `The job is ${status} already.`,
      );
    });
    this.wakeUps.dispatch(asked.map(({ id: execution, deviceId }) => ({ deviceId, reason: `cancel-${execution}` })));
    return this.get(id);
  }

  /** Sends nothing more; what was sent runs to its end. @throws 409 where the job is over, or paused already */
  async pause(id: string): Promise<Job> {
    const isPaused = await this.database.transaction((tx) => this.store.pause(tx, id));
    if (!isPaused) await this.refuseState(id, "paused");
    return this.get(id);
  }

  /** @throws 409 where the job is over, or not paused */
  async resume(id: string): Promise<Job> {
    if (!(await this.store.resume(id))) await this.refuseState(id, "not paused");
    this.wakeUps.release(id);
    return this.get(id);
  }

  private async refuseState(id: string, isAlready: string): Promise<never> {
    const { status } = await this.get(id);
    const isOpen = status === "SCHEDULED" || status === "ROLLING_OUT";
    throw conflict(isOpen ? `The job is ${isAlready}.` : `The job is ${status} already.`);
  }
}

function toJob(row: JobRow): Job {
  const { id, kind, status, isPaused, counts, createdAt, createdBy, retries } = row;
  const all: JobCounts = {
    queued: counts.QUEUED ?? 0,
    sent: counts.SENT ?? 0,
    running: (counts.RUNNING ?? 0) + (counts.CANCELING ?? 0),
    succeeded: counts.SUCCEEDED ?? 0,
    failed: counts.FAILED ?? 0,
    timedOut: counts.TIMED_OUT ?? 0,
    rejected: counts.REJECTED ?? 0,
    canceled: counts.CANCELED ?? 0,
    expired: counts.EXPIRED ?? 0,
  };
  return {
    id,
    kind,
    status,
    isPaused,
    ...(row.reason !== null && { reason: row.reason }),
    targets: { mode: row.targetMode, ...(row.selector && { selector: row.selector }), isExpanded: row.isExpanded },
    counts: all,
    ...(row.rollout && { rollout: row.rollout }),
    ...(row.hours && { window: row.hours }),
    retries,
    ...(row.startAt && { startAt: row.startAt.toISOString() }),
    expiresAt: row.expiresAt.toISOString(),
    ...(row.schedule && { schedule: row.schedule }),
    ...(row.nextRunAt && { nextRunAt: row.nextRunAt.toISOString() }),
    ...(row.scheduleId !== null && { scheduleId: row.scheduleId }),
    createdAt: createdAt.toISOString(),
    createdBy,
  };
}

function toExecution(row: ExecutionRow): Execution {
  const { id, jobId, deviceId, status, attempt, results, error, late, notBefore, former } = row;
  return {
    id,
    jobId,
    deviceId,
    status,
    attempt,
    steps: stepsOf(results),
    ...(error !== null && { error }),
    ...(late && { late }),
    ...(notBefore && status === "QUEUED" && { notBefore: notBefore.toISOString() }),
    ...(former.length > 0 && {
      former: former.map(({ error, results, ...attempt }) => ({
        ...attempt,
        ...(error !== null && { error }),
        steps: stepsOf(results),
      })),
    }),
  };
}

/** In the order of the steps. */
function stepsOf(results: Record<string, StepResult>): StepResult[] {
  return Object.entries(results)
    .sort(([one], [other]) => Number(one) - Number(other))
    .map(([, result]) => result);
}
