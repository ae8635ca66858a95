import { Module } from "@nestjs/common";
import { IdempotencyModule } from "../idempotency/idempotency.module";
import { ProfilesStore } from "../profiles/profiles.store";
import { ConfigFrames } from "./config-frames";
import { ConfigGroups } from "./config-groups";
import { ConfigReports } from "./config-reports";
import { ConfigVersionsStore } from "./config-versions.store";
import { ConfigsController } from "./configs.controller";
import { ConfigsService } from "./configs.service";
import { ConfigsStore } from "./configs.store";
import { PasswordsStore } from "./passwords.store";
import { Resolver } from "./resolver";
import { UnresolvedConfigs } from "./unresolved-configs";

/** What each device is to be configured with, and how far it is. */
@Module({
  imports: [IdempotencyModule],
  controllers: [ConfigsController],
  providers: [
    ConfigsService,
    ConfigsStore,
    ConfigVersionsStore,
    ConfigFrames,
    ConfigGroups,
    ConfigReports,
    PasswordsStore,
    ProfilesStore,
    Resolver,
    UnresolvedConfigs,
  ],
  exports: [ConfigGroups, ConfigsService, ConfigsStore, PasswordsStore, ProfilesStore, Resolver, UnresolvedConfigs],
})
export class ConfigsModule {}
