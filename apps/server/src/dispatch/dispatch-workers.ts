import { Injectable, type OnApplicationBootstrap } from "@nestjs/common";
import { ExecutionsStore } from "../jobs/executions.store";
import { type DeadlineJob, type DispatchJob, WakeUps } from "../jobs/wake-ups";
import { Queues } from "../platform/queues/queues";
import { Dispatcher } from "./dispatcher";

const CONCURRENCY = 8;

/** The workers behind the queues `dispatch` and `deadline`. */
@Injectable()
export class DispatchWorkers implements OnApplicationBootstrap {
  constructor(
    private readonly queues: Queues,
    private readonly dispatcher: Dispatcher,
    private readonly executions: ExecutionsStore,
    private readonly wakeUps: WakeUps,
  ) {}

  /** Work begins when every feature is ready for it. */
  onApplicationBootstrap(): void {
    this.queues.process<DispatchJob>("dispatch", ({ data: { turns } }) => this.dispatcher.dispatch(turns), {
      concurrency: CONCURRENCY,
    });
    this.queues.process<DeadlineJob>("deadline", async ({ data: { jobId } }) => {
      const freed = await this.executions.endOverdue(jobId);
      await this.executions.completeLeftJobs();
      this.wakeUps.dispatch(freed.map((deviceId) => ({ deviceId, reason: `overdue-${jobId}-${deviceId}` })));
      this.wakeUps.release(jobId);
    });
  }
}
