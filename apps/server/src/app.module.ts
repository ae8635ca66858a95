import { type DynamicModule, Module } from "@nestjs/common";
import { AlertsModule } from "./alerts/alerts.module";
import { AnalyticsModule } from "./analytics/analytics.module";
import { AuditModule } from "./audit/audit.module";
import { AuthModule } from "./auth/auth.module";
import { ConfigsModule } from "./configs/configs.module";
import { ConsoleModule } from "./console/console.module";
import { DevicesModule } from "./devices/devices.module";
import { DispatchModule } from "./dispatch/dispatch.module";
import { EnrollmentModule } from "./enrollment/enrollment.module";
import { EventStreamsModule } from "./event-streams/event-streams.module";
import { ExportModule } from "./export/export.module";
import { FleetsModule } from "./fleets/fleets.module";
import { GatewayModule } from "./gateway/gateway.module";
import { HealthModule } from "./health/health.module";
import { HistoryModule } from "./history/history.module";
import { IngestModule } from "./ingest/ingest.module";
import { JobsModule } from "./jobs/jobs.module";
import type { Settings } from "./platform/settings/settings";
import { LiveModule } from "./live/live.module";
import { ProfilesModule } from "./profiles/profiles.module";
import { UsersModule } from "./users/users.module";

/** The server: one module a feature. */
@Module({})
export class AppModule {
  static with(platform: DynamicModule, settings: Pick<Settings, "roles">): DynamicModule {
    return {
      module: AppModule,
      imports: [
        platform,
        AuditModule,
        AuthModule,
        HealthModule,
        IngestModule,
        GatewayModule.with(settings),
        HistoryModule,
        AnalyticsModule,
        DevicesModule,
        ConfigsModule,
        ProfilesModule,
        JobsModule,
        DispatchModule,
        EnrollmentModule,
        ConsoleModule,
        LiveModule,
        AlertsModule,
        ExportModule,
        EventStreamsModule,
        UsersModule,
        FleetsModule,
      ],
    };
  }
}
