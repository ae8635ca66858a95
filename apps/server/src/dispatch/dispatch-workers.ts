import { Injectable, type OnApplicationBootstrap, type OnModuleInit } from "@nestjs/common";
import { FrameHandlers } from "../gateway/frame-handlers";
import { ExecutionsStore } from "../jobs/executions.store";
import { type DeadlineJob, type DispatchJob, WakeUps } from "../jobs/wake-ups";
import { Queues } from "../platform/queues/queues";
import { Dispatcher } from "./dispatcher";

const CONCURRENCY = 16;

/** The workers behind the queues `dispatch` and `deadline`. */
@Injectable()
export class DispatchWorkers implements OnModuleInit, OnApplicationBootstrap {
  constructor(
    private readonly queues: Queues,
    private readonly frames: FrameHandlers,
    private readonly dispatcher: Dispatcher,
    private readonly executions: ExecutionsStore,
    private readonly wakeUps: WakeUps,
  ) {}

  onModuleInit(): void {
    this.frames.followers.push(async ({ deviceId, fencing }) => {
      const linkSinceMs = Date.now();
      if (await this.executions.head(deviceId))
        this.wakeUps.dispatch([{ deviceId, linkSinceMs, reason: `hello-${deviceId}-${fencing}` }]);
    });
  }

  /** Work begins when every feature is ready for it. */
  onApplicationBootstrap(): void {
    this.queues.process<DispatchJob>(
      "dispatch",
      ({ data: { deviceId, linkSinceMs } }) => this.dispatcher.dispatch(deviceId, linkSinceMs),
      { concurrency: CONCURRENCY },
    );
    this.queues.process<DeadlineJob>("deadline", async ({ data: { jobId } }) => {
      const freed = await this.executions.endOverdue(jobId);
      this.wakeUps.dispatch(freed.map((deviceId) => ({ deviceId, reason: `overdue-${jobId}-${deviceId}` })));
    });
  }
}
