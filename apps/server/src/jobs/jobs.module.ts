import { Module } from "@nestjs/common";
import { ExecutionsStore } from "./executions.store";
import { JobsController } from "./jobs.controller";
import { JobsService } from "./jobs.service";
import { JobsStore } from "./jobs.store";
import { WakeUps } from "./wake-ups";

/** Work for devices, and what came of it. */
@Module({
  controllers: [JobsController],
  providers: [JobsService, JobsStore, ExecutionsStore, WakeUps],
  exports: [ExecutionsStore, WakeUps],
})
export class JobsModule {}
