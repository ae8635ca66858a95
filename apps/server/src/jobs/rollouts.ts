import { isOpen } from "@mn316-fleet/contracts";
import { Inject, Injectable } from "@nestjs/common";
import type { Logger } from "pino";
import { Database, type Transaction } from "../platform/database/database";
import { LOGGER } from "../platform/logging/nest-logger";
import { ExecutionsStore } from "./executions.store";
import { onBehalfOfJob } from "./on-behalf-of-job";
import { releasePlan, type RolloutState } from "./release-plan";
import { type LockedJob, type ReleaseFilter, ReleasesStore } from "./releases.store";
import { Schedules } from "./schedules";
import { WakeUps } from "./wake-ups";

/** What is released in one go where nothing else bounds it. */
const AT_ONCE = 5_000;
/** An agent says RUNNING within milliseconds; a device that is away and did not in so long got nothing. */
const ANSWERS_WITHIN_S = 10;

/** What one look at a job came to. */
interface Advance {
  released: { id: string; deviceId: string; isOnline: boolean }[];
  /** When to look again, in ms; undefined where an event will say so. */
  againInMs?: number | undefined;
}

const NOTHING: Advance = { released: [] };

/**
 * Starts jobs and releases their executions. All that decides stands in PostgreSQL and is read and written under the lock of
 * the job's row, so that any worker may look at any job at any time: the bounds hold over all of them.
 */
@Injectable()
export class Rollouts {
  constructor(
    private readonly database: Database,
    private readonly store: ReleasesStore,
    private readonly executions: ExecutionsStore,
    private readonly schedules: Schedules,
    private readonly wakeUps: WakeUps,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Looks at a job and does what is due. */
  advance(jobId: string): Promise<void> {
    return onBehalfOfJob(this.database, jobId, () => this.doWhatIsDue(jobId));
  }

  private async doWhatIsDue(jobId: string): Promise<void> {
    if (await this.schedules.runDue(jobId)) return;
    const { released, againInMs } = await this.database.transaction((tx) => this.step(tx, jobId));
    const online = released.filter(({ isOnline }) => isOnline);
    this.wakeUps.dispatch(online.map(({ id, deviceId }) => ({ deviceId, reason: `released-${id}` })));
    if (againInMs !== undefined) this.wakeUps.release(jobId, againInMs);
  }

  private async step(tx: Transaction, jobId: string): Promise<Advance> {
    const job = await this.store.lock(tx, jobId);
    if (!job || job.isPaused || job.schedule) return NOTHING;
    if (job.status === "SCHEDULED") {
      const untilStartMs = (job.startAt?.getTime() ?? 0) - job.now.getTime();
      if (untilStartMs > 0) return { released: [], againInMs: untilStartMs };
      await this.store.begin(tx, jobId);
      this.logger.info({ job: jobId }, "job begins");
    } else if (job.status !== "ROLLING_OUT") return NOTHING;
    const advance = await this.release(tx, job);
    if (job.isExpanded && advance.released.length === 0) await this.executions.completeJobs(tx, [{ jobId }]);
    return advance;
  }

  private async release(tx: Transaction, job: LockedJob): Promise<Advance> {
    const { id, rollout, isControlled } = job;
    const filter: ReleaseFilter = {
      count: AT_ONCE,
      isOnlineOnly: isControlled,
      isCanariesOnly: false,
      areCanaries: false,
      zones: await this.openZones(tx, job),
    };
    if (isControlled) await this.store.takeBack(tx, id, ANSWERS_WITHIN_S);
    if (!rollout) {
      const released = await this.store.release(tx, id, filter);
      return { released, againInMs: released.length === AT_ONCE ? 0 : undefined };
    }
    const plan = releasePlan(rollout, await this.stateOf(tx, job));
    if (plan.step === "abort") {
      await this.store.abort(tx, id, plan.reason);
      const canceled = await this.executions.cancelWaiting(tx, id);
      this.logger.warn({ job: id, reason: plan.reason, canceled }, "job aborted");
      return NOTHING;
    }
    const { count, who, canaryOverAtMs, isCanaryGood, nextInMs } = plan;
    const released =
      count === 0
        ? []
        : await this.store.release(tx, id, {
            ...filter,
            count: Math.min(count, AT_ONCE),
            isCanariesOnly: who === "canaries-again",
            areCanaries: who === "new-canaries",
          });
    const tokens = Number.isFinite(plan.tokens) ? plan.tokens - released.length : 1;
    const canaryOverAt = canaryOverAtMs === undefined ? null : new Date(canaryOverAtMs);
    await this.store.note(tx, id, { tokens, canaryOverAt, isCanaryGood });
    // Where fewer were there than might have gone, time alone brings no more: a hello will, or the end of another.
    return { released, againInMs: released.length < count ? undefined : nextInMs };
  }

  private async stateOf(tx: Transaction, job: LockedJob): Promise<RolloutState> {
    const { id, now, beganAt, tokens, tokensAt, canaryOverAt, rollout, isCanaryGood } = job;
    const hasCanary = rollout?.canary !== undefined && !isCanaryGood;
    return {
      nowMs: now.getTime(),
      beganAtMs: (beganAt ?? now).getTime(),
      tokens,
      tokensAtMs: (tokensAt ?? now).getTime(),
      atWork: await this.store.atWork(tx, id),
      outcome: await this.store.outcome(tx, id),
      canary: hasCanary ? await this.store.canaries(tx, id) : undefined,
      canaryOverAtMs: canaryOverAt?.getTime(),
    };
  }

  /** Where the hours of maintenance have come, of all time zones in which devices are. */
  private async openZones(tx: Transaction, { hours, now }: LockedJob): Promise<ReleaseFilter["zones"]> {
    if (!hours) return undefined;
    const zones = new Set([...(await this.store.timeZones(tx)), hours.timeZone]);
    return { open: [...zones].filter((zone) => isOpen(hours, zone, now.getTime())), own: hours.timeZone };
  }
}
