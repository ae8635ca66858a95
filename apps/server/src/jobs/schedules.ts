import type { CreateJob } from "@mn316-fleet/contracts";
import { Inject, Injectable } from "@nestjs/common";
import type { Logger } from "pino";
import { Database, type Transaction } from "../platform/database/database";
import { LOGGER } from "../platform/logging/nest-logger";
import { nextRun } from "./cron";
import { JobMaker, type MadeJob } from "./job-maker";
import { WakeUps } from "./wake-ups";

interface Recurring {
  body: CreateJob;
  nextRunAt: Date | null;
  isPaused: boolean;
  createdBy: string;
  now: Date;
}

/**
 * Makes the runs of recurring jobs. A run and the moment of the next are committed together under the lock of the job's row:
 * however many workers look, there is one run a time. Of the times that were missed, one is made up for.
 */
@Injectable()
export class Schedules {
  constructor(
    private readonly database: Database,
    private readonly maker: JobMaker,
    private readonly wakeUps: WakeUps,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @returns whether the job is a recurring one, due or not */
  async runDue(jobId: string): Promise<boolean> {
    const outcome = await this.database.transaction(async (tx) => {
      const job = await this.lock(tx, jobId);
      if (!job) return undefined;
      if (job.isPaused || !job.nextRunAt) return { next: undefined, made: undefined };
      if (job.nextRunAt > job.now) return { next: job.nextRunAt, made: undefined };
      return this.run(tx, jobId, job);
    });
    if (!outcome) return false;
    const { next, made } = outcome;
    made?.follow();
    if (next) this.wakeUps.release(jobId, Math.max(0, next.getTime() - Date.now()));
    return true;
  }

  private async run(
    tx: Transaction,
    jobId: string,
    job: Recurring,
  ): Promise<{ next: Date | undefined; made: MadeJob }> {
    const { body, createdBy, now } = job;
    const made = await this.maker.makeRun(tx, jobId, body, createdBy);
    const next = body.schedule && nextRun(body.schedule, now);
    await tx.query(
      "UPDATE job SET next_run_at = $2, status = CASE WHEN $2::timestamptz IS NULL THEN 'COMPLETED' ELSE status END WHERE id = $1",
      [jobId, next ?? null],
    );
    this.logger.info({ job: made.id, schedule: jobId, next }, "run of a recurring job made");
    return { next, made };
  }

  private async lock(tx: Transaction, jobId: string): Promise<Recurring | undefined> {
    const { rows } = await tx.query<Recurring>(
      `SELECT body, next_run_at AS "nextRunAt", is_paused AS "isPaused", created_by AS "createdBy", now() AS now
         FROM job WHERE id = $1 AND schedule IS NOT NULL AND status = 'SCHEDULED' FOR UPDATE`,
      [jobId],
    );
    return rows[0];
  }
}
