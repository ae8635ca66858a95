import { Module } from "@nestjs/common";
import { AnalyticsController } from "./analytics.controller";
import { AnalyticsService } from "./analytics.service";
import { AnalyticsStore } from "./analytics.store";

@Module({ controllers: [AnalyticsController], providers: [AnalyticsService, AnalyticsStore] })
export class AnalyticsModule {}
