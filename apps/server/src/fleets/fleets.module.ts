import { Module } from "@nestjs/common";
import { IdempotencyModule } from "../idempotency/idempotency.module";
import { FleetsController } from "./fleets.controller";
import { FleetsService } from "./fleets.service";

/** The tenants of this installation, kept by the admins of its host. */
@Module({
  imports: [IdempotencyModule],
  controllers: [FleetsController],
  providers: [FleetsService],
})
export class FleetsModule {}
