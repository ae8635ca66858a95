import { Module } from "@nestjs/common";
import { DevicesController } from "./devices.controller";
import { DevicesService } from "./devices.service";
import { DevicesStore } from "./devices.store";
import { StoredTokens } from "./stored-tokens";

/** The register of devices and what is last known of each. */
@Module({
  controllers: [DevicesController],
  providers: [DevicesService, DevicesStore, StoredTokens],
  exports: [DevicesStore],
})
export class DevicesModule {}
