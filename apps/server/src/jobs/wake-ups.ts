import { Inject, Injectable } from "@nestjs/common";
import type { Logger } from "pino";
import { LOGGER } from "../platform/logging/nest-logger";
import { type QueuedJob, type QueueName, Queues } from "../platform/queues/queues";

/** A device whose turn is to be looked at. */
export interface Turn {
  deviceId: string;
  /**
   * When the device connected, in ms since 1970 by PostgreSQL's clock: what was sent before, over its former connection, may be
   * lost.
   */
  linkSinceMs?: number;
}
/** Asks a worker to look at the turns of devices. */
export interface DispatchJob {
  turns: Turn[];
}
/** Asks a worker to end what is overdue of one job. */
export interface DeadlineJob {
  jobId: string;
}
/** Asks a worker to choose the targets of a job, or to release what is due of it. */
export interface RolloutJob {
  jobId: string;
}

const ONCE_DONE = { removeOnComplete: true, attempts: 3, backoff: { type: "exponential", delay: 1_000 } } as const;
/** Devices in one wake-up: a worker looks at them with a few statements, however many they are. */
const TURNS_AT_ONCE = 50;
/** Reasons to release more of a job that come within so much time are one. */
const TICK_MS = 200;

/**
 * The jobs in BullMQ that drive executions. PostgreSQL is the record: each of them only says "look there", so one that
 * comes twice is harmless, and one that is lost is made up for by the reconciler. Hence nobody waits for the queue.
 */
@Injectable()
export class WakeUps {
  constructor(
    private readonly queues: Queues,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @param reason makes the wake-up unique; the same one again is taken once while it waits */
  dispatch(wakeUps: readonly (Turn & { reason: string })[], delayMs = 0): void {
    const jobs: QueuedJob<DispatchJob>[] = [];
    for (let next = 0; next < wakeUps.length; next += TURNS_AT_ONCE) {
      const part = wakeUps.slice(next, next + TURNS_AT_ONCE);
      const turns = part.map(({ reason: _reason, ...turn }) => turn);
      const jobId = `${part[0]?.reason}${part.length > 1 ? `-and-${part.length - 1}` : ""}`;
      jobs.push({ name: "devices", data: { turns }, options: { ...ONCE_DONE, delay: delayMs, jobId } });
    }
    this.add("dispatch", jobs);
  }

  /** @param delaysMs when to look, from now */
  deadlines(jobId: string, reason: string, delaysMs: number[]): void {
    const jobs = delaysMs.map((delay, index) => ({
      name: "job",
      data: { jobId },
      options: { ...ONCE_DONE, delay: Math.max(0, Math.ceil(delay)), jobId: `${reason}-${index}` },
    }));
    this.add("deadline", jobs);
  }

  /** Has executions made for the targets of a job. */
  expand(jobId: string): void {
    this.add("rollout", [{ name: "expand", data: { jobId }, options: { ...ONCE_DONE, jobId: `expand-${jobId}` } }]);
  }

  /** Has more of a job released, where it is due: at the end of the slot of time that the delay falls into. */
  release(jobId: string, delayMs = 0): void {
    const now = Date.now();
    const dueMs = Math.ceil((now + delayMs) / TICK_MS) * TICK_MS;
    const options = { ...ONCE_DONE, delay: dueMs - now, jobId: `release-${jobId}-${dueMs}` };
    this.add("rollout", [{ name: "release", data: { jobId }, options }]);
  }

  private add<T>(queue: QueueName, jobs: QueuedJob<T>[]): void {
    if (jobs.length === 0) return;
    this.queues.addBulk(queue, jobs).catch((error: unknown) => {
      this.logger.warn({ queue, err: error }, "wake-up not queued; the reconciler will make up for it");
    });
  }
}
