import { Module } from "@nestjs/common";
import { SecretVault } from "../platform/secrets/secret-vault";
import { IdempotencyModule } from "../idempotency/idempotency.module";
import { CertificatesController } from "./certificates/certificates.controller";
import { CertificatesService } from "./certificates/certificates.service";
import { DeviceMetrics } from "./device-metrics";
import { DevicesController } from "./devices.controller";
import { DevicesService } from "./devices.service";
import { DevicesStore } from "./devices.store";
import { DeviceImports } from "./import/device-imports";
import { DeviceImportsController } from "./import/device-imports.controller";
import { PushedTokens } from "./pushed-tokens";

/** The register of devices and what is last known of each. */
@Module({
  imports: [IdempotencyModule],
  controllers: [DeviceImportsController, CertificatesController, DevicesController],
  providers: [
    DeviceImports,
    DevicesService,
    DevicesStore,
    CertificatesService,
    DeviceMetrics,
    SecretVault,
    PushedTokens,
  ],
  exports: [DevicesStore],
})
export class DevicesModule {}
