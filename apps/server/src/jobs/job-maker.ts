import { type CreateJob, DEFAULT_LIFETIME_S, type FieldError } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import type { Transaction } from "../platform/database/database";
import { invalid } from "../platform/problems/problem.error";
import { CronError, nextRun } from "./cron";
import { EXPIRY_GRACE_S } from "./executions.store";
import { JobsStore, type NewJob } from "./jobs.store";
import { WakeUps } from "./wake-ups";

/** A job that was made in a transaction, and what has to follow its commit. */
export interface MadeJob {
  id: string;
  follow: () => void;
}

/** Makes jobs from what a caller asked for, and runs from what a recurring job keeps. */
@Injectable()
export class JobMaker {
  constructor(
    private readonly store: JobsStore,
    private readonly wakeUps: WakeUps,
  ) {}

  /** @throws 422 naming each target that is no device, a selector that chooses none, a schedule that never comes */
  async check(tx: Transaction, { targets, schedule }: CreateJob): Promise<void> {
    const { deviceIds, selector, mode = "snapshot" } = targets;
    if (deviceIds) await this.requireDevices(tx, deviceIds);
    else if (selector && mode === "snapshot" && !(await this.store.choosesAny(tx, selector)))
      throw invalid([{ path: "targets.selector", rule: "chooses", message: "chooses no device" }]);
    if (schedule) firstRun(schedule);
  }

  /** @throws 422 as `check` */
  async make(tx: Transaction, job: CreateJob, createdBy: string): Promise<MadeJob> {
    await this.check(tx, job);
    const nextRunAt = job.schedule ? firstRun(job.schedule) : null;
    const deviceIds = nextRunAt ? [] : (job.targets.deviceIds ?? []);
    return this.insert(tx, { ...rowOf(job, createdBy), nextRunAt }, deviceIds);
  }

  /** One run of a recurring job. Devices that are no more are left out. */
  async makeRun(tx: Transaction, scheduleId: string, body: CreateJob, createdBy: string): Promise<MadeJob> {
    const { schedule, ...once } = body;
    const expiresAt = new Date(Date.now() + (schedule?.lifetimeS ?? DEFAULT_LIFETIME_S) * 1_000);
    const { deviceIds = [] } = body.targets;
    const existing = await this.store.existing(tx, deviceIds);
    return this.insert(
      tx,
      { ...rowOf(once, createdBy), expiresAt, scheduleId },
      deviceIds.filter((id) => existing.has(id)),
    );
  }

  private async insert(tx: Transaction, job: NewJob, deviceIds: readonly string[]): Promise<MadeJob> {
    const id = await this.store.insert(tx, job);
    const released = deviceIds.length > 0 ? await this.store.addExecutions(tx, id, deviceIds) : [];
    const follow = () => {
      this.wakeUps.dispatch(
        released.map(({ id: execution, deviceId }) => ({ deviceId, reason: `created-${execution}` })),
      );
      if (job.targetMode !== "ids" && !job.schedule) this.wakeUps.expand(id);
      const startAt = job.nextRunAt ?? job.startAt;
      if (startAt || released.length === 0)
        this.wakeUps.release(id, Math.max(0, (startAt?.getTime() ?? 0) - Date.now()));
      if (job.schedule) return;
      const lifetimeMs = job.expiresAt.getTime() - Date.now();
      this.wakeUps.deadlines(id, `expires-${id}`, [lifetimeMs, lifetimeMs + EXPIRY_GRACE_S * 1_000]);
    };
    return { id, follow };
  }

  private async requireDevices(tx: Transaction, deviceIds: readonly string[]): Promise<void> {
    const existing = await this.store.existing(tx, deviceIds);
    const errors = deviceIds.flatMap((id, index): FieldError[] =>
      existing.has(id)
        ? []
        : [{ path: `targets.deviceIds.${index}`, rule: "exists", message: `there is no device "${id}"` }],
    );
    if (errors.length > 0) throw invalid(errors);
  }
}

function rowOf(job: CreateJob, createdBy: string): NewJob {
  const { kind, targets, steps = [], rollout, window, timeoutS, retries, backoffS, repeatable, schedule } = job;
  const startAt = job.startAt === undefined ? null : new Date(job.startAt);
  const endMs = (startAt?.getTime() ?? Date.now()) + DEFAULT_LIFETIME_S * 1_000;
  return {
    kind,
    status: startAt || schedule ? "SCHEDULED" : "ROLLING_OUT",
    targetMode: targets.selector ? (targets.mode ?? "snapshot") : "ids",
    selector: targets.selector ?? null,
    steps,
    rollout: rollout ?? null,
    hours: window ?? null,
    timeoutS,
    retries,
    backoffS,
    repeatable,
    startAt,
    expiresAt: job.expiresAt === undefined ? new Date(endMs) : new Date(job.expiresAt),
    schedule: schedule ?? null,
    body: schedule ? job : null,
    nextRunAt: null,
    scheduleId: null,
    createdBy,
  };
}

/** @throws 422 where the expression is none, or never comes true */
function firstRun(schedule: NonNullable<CreateJob["schedule"]>): Date {
  const refuse = (rule: string, message: string) => invalid([{ path: "schedule.cron", rule, message }]);
  try {
    const next = nextRun(schedule, new Date());
    if (!next) throw refuse("comes", "never comes before `until`");
    return next;
  } catch (error) {
    throw error instanceof CronError ? refuse("cron", error.message) : error;
  }
}
