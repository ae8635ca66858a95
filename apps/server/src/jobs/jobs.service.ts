import type { CreateJob, Execution, ExecutionQuery, Job, JobCounts, JobQuery, Page } from "@mn316-fleet/contracts";
import type { JobKind } from "@mn316-fleet/protocol";
import { Injectable } from "@nestjs/common";
import { z } from "zod";
import { Database } from "../platform/database/database";
import { createdPosition, decodeCursor, pageOfRows } from "../platform/paging/cursor";
import { conflict, invalid, notFound } from "../platform/problems/problem.error";
import { ExecutionsStore, EXPIRY_GRACE_S } from "./executions.store";
import { type ExecutionRow, type JobRow, JobsStore } from "./jobs.store";
import { WakeUps } from "./wake-ups";

const DEFAULT_LIFETIME_MS = 24 * 3_600_000;
const DEFAULT_TIMEOUT_S = 60;

const executionPosition = z.number().int().min(0);

@Injectable()
export class JobsService {
  constructor(
    private readonly database: Database,
    private readonly store: JobsStore,
    private readonly executions: ExecutionsStore,
    private readonly wakeUps: WakeUps,
  ) {}

  /** @throws 422 naming each target that is no device; nothing is created then */
  async create(job: CreateJob, createdBy: string): Promise<Job> {
    const { deviceIds } = job.targets;
    const expiresAt = job.expiresAt ? new Date(job.expiresAt) : new Date(Date.now() + DEFAULT_LIFETIME_MS);
    const { kind, steps = [], timeoutS } = job;
    const { id, executionIds } = await this.database.transaction(async (tx) => {
      const existing = await this.store.existing(tx, deviceIds);
      const errors = deviceIds.flatMap((deviceId, index) =>
        existing.has(deviceId)
          ? []
          : [{ path: `targets.deviceIds.${index}`, rule: "exists", message: `there is no device "${deviceId}"` }],
      );
      if (errors.length > 0) throw invalid(errors);
      return this.store.insert(tx, { kind, steps, timeoutS, expiresAt, createdBy }, deviceIds);
    });
    this.wakeUps.dispatch(
      deviceIds.map((deviceId, index) => ({ deviceId, reason: `created-${executionIds[index] ?? id}` })),
    );
    const lifetimeMs = expiresAt.getTime() - Date.now();
    this.wakeUps.deadlines(id, `expires-${id}`, [lifetimeMs, lifetimeMs + EXPIRY_GRACE_S * 1_000]);
    return this.get(id);
  }

  /** A job for one device that needs no further word. @throws 404 for an unknown device */
  async createFor(deviceId: string, kind: Exclude<JobKind, "at">, createdBy: string): Promise<Job> {
    const existing = await this.database.transaction((tx) => this.store.existing(tx, [deviceId]));
    if (existing.size === 0) throw notFound("device", deviceId);
    return this.create({ kind, targets: { deviceIds: [deviceId] }, timeoutS: DEFAULT_TIMEOUT_S }, createdBy);
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

  /**
   * Cancels what waits at once, and asks the devices of what was sent: each confirms, or its command is on the line already
   * and its real outcome stands.
   * @throws 409 where all is over, or asked already
   */
  async cancel(id: string): Promise<Job> {
    const asked = await this.database.transaction(async (tx) => {
      const canceled = await this.executions.cancelWaiting(tx, id);
      const asked = await this.executions.askCancel(tx, id);
      if (canceled + asked.length > 0) {
        await this.store.cancel(tx, id);
        return asked;
      }
      const { status, counts } = await this.get(id);
      const isAsked = status === "CANCELED" && counts.running > 0;
      throw conflict(
        isAsked ? "The devices of this job were asked to end it already." : `The job is ${status} already.`,
      );
    });
    this.wakeUps.dispatch(asked.map(({ id: execution, deviceId }) => ({ deviceId, reason: `cancel-${execution}` })));
    return this.get(id);
  }
}

function toJob({ id, kind, status, counts, createdAt, createdBy }: JobRow): Job {
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
  return { id, kind, status, counts: all, createdAt: createdAt.toISOString(), createdBy };
}

function toExecution({ id, jobId, deviceId, status, attempt, results, error, late }: ExecutionRow): Execution {
  const steps = Object.entries(results)
    .sort(([one], [other]) => Number(one) - Number(other))
    .map(([, result]) => result);
  return {
    id,
    jobId,
    deviceId,
    status,
    attempt,
    steps,
    ...(error !== null && { error }),
    ...(late && { late }),
  };
}
