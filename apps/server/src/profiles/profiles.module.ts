import { Module } from "@nestjs/common";
import { ConfigsModule } from "../configs/configs.module";
import { DevicesModule } from "../devices/devices.module";
import { IdempotencyModule } from "../idempotency/idempotency.module";
import { ProfilesController } from "./profiles.controller";
import { ProfilesService } from "./profiles.service";

/** Configuration for many devices at once. */
@Module({
  imports: [ConfigsModule, DevicesModule, IdempotencyModule],
  controllers: [ProfilesController],
  providers: [ProfilesService],
  exports: [ProfilesService],
})
export class ProfilesModule {}
