import { Module } from "@nestjs/common";
import { AlertsController } from "./alerts.controller";
import { AlertsService } from "./alerts.service";
import { AlertsStore } from "./alerts.store";
import { ChannelsController } from "./channels.controller";
import { ChannelsService } from "./channels.service";
import { ChannelsStore } from "./channels.store";
import { ChannelSender } from "./delivery/channel-sender";
import { Delivery } from "./delivery/delivery";
import { NotificationsStore } from "./delivery/notifications.store";
import { AlertEvaluator } from "./evaluation/evaluator";
import { RaisingStore } from "./evaluation/raising.store";
import { SilencingStore } from "./evaluation/silencing.store";
import { SubjectsStore } from "./evaluation/subjects.store";
import { TellingStore } from "./evaluation/telling.store";
import { IdempotencyModule } from "../idempotency/idempotency.module";
import { NotificationsController } from "./notifications.controller";
import { RulesController } from "./rules.controller";
import { RulesService } from "./rules.service";
import { RulesStore } from "./rules.store";
import { SilencesController } from "./silences.controller";
import { SilencesService } from "./silences.service";
import { SilencesStore } from "./silences.store";
import { AlertUpkeep } from "./upkeep";

/** Rules that devices are watched by, what they find, and who is told of it. */
@Module({
  imports: [IdempotencyModule],
  controllers: [AlertsController, ChannelsController, NotificationsController, RulesController, SilencesController],
  providers: [
    AlertEvaluator,
    AlertsService,
    AlertsStore,
    AlertUpkeep,
    ChannelSender,
    ChannelsService,
    ChannelsStore,
    Delivery,
    NotificationsStore,
    RaisingStore,
    RulesService,
    RulesStore,
    SilencesService,
    SilencesStore,
    SilencingStore,
    SubjectsStore,
    TellingStore,
  ],
})
export class AlertsModule {}
