import { Module } from "@nestjs/common";
import { ConfigsModule } from "../configs/configs.module";
import { DevicesModule } from "../devices/devices.module";
import { IdempotencyModule } from "../idempotency/idempotency.module";
import { JobsModule } from "../jobs/jobs.module";
import { DispatchWorkers } from "./dispatch-workers";
import { Dispatcher } from "./dispatcher";
import { ExecutionReports } from "./execution-reports";
import { Hellos } from "./hellos";
import { Reconciler } from "./reconciler";

/** Brings executions to their devices and their outcome back. */
@Module({
  imports: [ConfigsModule, DevicesModule, IdempotencyModule, JobsModule],
  providers: [Dispatcher, DispatchWorkers, Hellos, ExecutionReports, Reconciler],
  exports: [Reconciler],
})
export class DispatchModule {}
