import { Module } from "@nestjs/common";
import { IdempotencyModule } from "../idempotency/idempotency.module";
import { DevicesController } from "./devices.controller";
import { DevicesService } from "./devices.service";
import { DevicesStore } from "./devices.store";
import { StoredTokens } from "./stored-tokens";

/** The register of devices and what is last known of each. */
@Module({
  imports: [IdempotencyModule],
  controllers: [DevicesController],
  providers: [DevicesService, DevicesStore, StoredTokens],
  exports: [DevicesStore],
})
export class DevicesModule {}
