import { Module } from "@nestjs/common";
import { DevicesModule } from "../devices/devices.module";
import { IdempotencyModule } from "../idempotency/idempotency.module";
import { EnrollController } from "./enroll.controller";
import { EnrollmentKeysController } from "./enrollment-keys.controller";
import { EnrollmentKeysService } from "./enrollment-keys.service";
import { EnrollmentService } from "./enrollment.service";

/** How agents get their first token. */
@Module({
  imports: [DevicesModule, IdempotencyModule],
  controllers: [EnrollmentKeysController, EnrollController],
  providers: [EnrollmentKeysService, EnrollmentService],
})
export class EnrollmentModule {}
