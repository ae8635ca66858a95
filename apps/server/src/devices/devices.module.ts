import { Module } from "@nestjs/common";
import { PasswordVault } from "../configs/password-vault";
import { IdempotencyModule } from "../idempotency/idempotency.module";
import { DevicesController } from "./devices.controller";
import { DevicesService } from "./devices.service";
import { DevicesStore } from "./devices.store";
import { DeviceImports } from "./import/device-imports";
import { DeviceImportsController } from "./import/device-imports.controller";
import { PushedTokens } from "./pushed-tokens";

/** The register of devices and what is last known of each. */
@Module({
  imports: [IdempotencyModule],
  controllers: [DeviceImportsController, DevicesController],
  providers: [DeviceImports, DevicesService, DevicesStore, PasswordVault, PushedTokens],
  exports: [DevicesStore],
})
export class DevicesModule {}
