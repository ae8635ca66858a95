import { Injectable, type OnApplicationBootstrap } from "@nestjs/common";
import { Queues } from "../platform/queues/queues";
import { Expansion } from "./expansion";
import { Rollouts } from "./rollouts";
import type { RolloutJob } from "./wake-ups";

/** Each holds the row of one job for a while; beside them the ingest needs connections, too. */
const CONCURRENCY = 3;

/** The workers behind the queue `rollout`. */
@Injectable()
export class JobWorkers implements OnApplicationBootstrap {
  constructor(
    private readonly queues: Queues,
    private readonly expansion: Expansion,
    private readonly rollouts: Rollouts,
  ) {}

  onApplicationBootstrap(): void {
    this.queues.process<RolloutJob>(
      "rollout",
      ({ name, data: { jobId } }) => (name === "expand" ? this.expansion.expand(jobId) : this.rollouts.advance(jobId)),
      {
        concurrency: CONCURRENCY,
      },
    );
  }
}
