import { Module } from "@nestjs/common";
import { ConfigsModule } from "../configs/configs.module";
import { JobsModule } from "../jobs/jobs.module";
import { DispatchWorkers } from "./dispatch-workers";
import { Dispatcher } from "./dispatcher";
import { ExecutionReports } from "./execution-reports";
import { Reconciler } from "./reconciler";

/** Brings executions to their devices and their outcome back. */
@Module({
  imports: [ConfigsModule, JobsModule],
  providers: [Dispatcher, DispatchWorkers, ExecutionReports, Reconciler],
  exports: [Reconciler],
})
export class DispatchModule {}
