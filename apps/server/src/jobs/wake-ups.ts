import { Inject, Injectable } from "@nestjs/common";
import type { Logger } from "pino";
import { LOGGER } from "../platform/logging/nest-logger";
import { type QueuedJob, Queues } from "../platform/queues/queues";

/** Asks a worker to look at a device's turn. */
export interface DispatchJob {
  deviceId: string;
  /** When the device connected, in ms: what was sent before, over its former connection, may be lost. */
  linkSinceMs?: number;
}
/** Asks a worker to end what is overdue: of one job, or the device's running execution. */
export interface DeadlineJob {
  jobId: string;
}

const ONCE_DONE = { removeOnComplete: true, attempts: 3, backoff: { type: "exponential", delay: 1_000 } } as const;

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
  dispatch(wakeUps: (DispatchJob & { reason: string })[]): void {
    this.add(
      "dispatch",
      wakeUps.map(({ reason, ...data }) => ({ name: "device", data, options: { ...ONCE_DONE, jobId: reason } })),
    );
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

  /** Looks at a device again later, in case what was sent to it got lost. */
  dispatchLater(deviceId: string, reason: string, delayMs: number): void {
    this.add("dispatch", [
      { name: "device", data: { deviceId }, options: { ...ONCE_DONE, delay: delayMs, jobId: reason } },
    ]);
  }

  private add(queue: "dispatch" | "deadline", jobs: QueuedJob<DispatchJob | DeadlineJob>[]): void {
    if (jobs.length === 0) return;
    this.queues.addBulk(queue, jobs).catch((error: unknown) => {
      this.logger.warn({ queue, err: error }, "wake-up not queued; the reconciler will make up for it");
    });
  }
}
