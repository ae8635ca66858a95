import { Module } from "@nestjs/common";
import { ConfigReports } from "./config-reports";
import { ConfigsController } from "./configs.controller";
import { ConfigsService } from "./configs.service";
import { ConfigsStore } from "./configs.store";
import { PasswordVault } from "./password-vault";

/** What each device is to be configured with, and how far it is. */
@Module({
  controllers: [ConfigsController],
  providers: [ConfigsService, ConfigsStore, PasswordVault, ConfigReports],
  exports: [ConfigsService],
})
export class ConfigsModule {}
