import type { Job, JobsOptions, WorkerOptions } from "bullmq";

/** The queues there are; a name is a contract with operators who watch them. */
export const QUEUE_NAMES = ["rollout", "dispatch", "deadline", "maintenance"] as const;
export type QueueName = (typeof QUEUE_NAMES)[number];

export interface QueuedJob<T> {
  name: string;
  data: T;
  /** `jobId` makes an add idempotent; `delay` (ms) as in BullMQ. */
  options?: JobsOptions;
}

/** BullMQ over Redis or over PostgreSQL, whichever the process was started with. */
export abstract class Queues {
  abstract readonly backend: "redis" | "postgres";
  abstract add<T>(queue: QueueName, job: QueuedJob<T>): Promise<void>;
  abstract addBulk<T>(queue: QueueName, jobs: QueuedJob<T>[]): Promise<void>;
  /** Has a job added again and again, every so many ms; asking for the same one again changes nothing. */
  abstract every(queue: QueueName, name: string, everyMs: number): Promise<void>;
  /** Starts a worker on this process; it is closed with the application. Does nothing without the `worker` role. */
  abstract process<T>(
    queue: QueueName,
    handler: (job: Job<T>) => Promise<void>,
    options?: Partial<WorkerOptions>,
  ): void;
}
