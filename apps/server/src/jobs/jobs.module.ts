import { Module } from "@nestjs/common";
import { ConfigsModule } from "../configs/configs.module";
import { IdempotencyModule } from "../idempotency/idempotency.module";
import { ExecutionMetrics } from "./execution-metrics";
import { ExecutionsStore } from "./executions.store";
import { Expansion } from "./expansion";
import { JobMaker } from "./job-maker";
import { JobWorkers } from "./job-workers";
import { JobsController } from "./jobs.controller";
import { JobsService } from "./jobs.service";
import { JobsStore } from "./jobs.store";
import { Rehearsals } from "./rehearsal/rehearsals";
import { ReleasesStore } from "./releases.store";
import { Rollouts } from "./rollouts";
import { Schedules } from "./schedules";
import { TurnsStore } from "./turns.store";
import { WakeUps } from "./wake-ups";

/** Work for devices, and what came of it. */
@Module({
  imports: [ConfigsModule, IdempotencyModule],
  controllers: [JobsController],
  providers: [
    JobsService,
    JobMaker,
    JobsStore,
    ExecutionsStore,
    ExecutionMetrics,
    TurnsStore,
    ReleasesStore,
    Expansion,
    Rollouts,
    Schedules,
    Rehearsals,
    JobWorkers,
    WakeUps,
  ],
  exports: [ExecutionsStore, TurnsStore, JobsStore, Expansion, Rollouts, WakeUps],
})
export class JobsModule {}
