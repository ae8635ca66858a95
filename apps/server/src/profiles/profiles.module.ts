import { Module } from "@nestjs/common";
import { ConfigsModule } from "../configs/configs.module";
import { DevicesModule } from "../devices/devices.module";
import { ProfilesController } from "./profiles.controller";
import { ProfilesService } from "./profiles.service";

/** Configuration for many devices at once. */
@Module({
  imports: [ConfigsModule, DevicesModule],
  controllers: [ProfilesController],
  providers: [ProfilesService],
})
export class ProfilesModule {}
