import { Global, Module } from "@nestjs/common";
import { APP_GUARD } from "@nestjs/core";
import { IdempotencyModule } from "../idempotency/idempotency.module";
import { AuditModule } from "../audit/audit.module";
import { ApiKeyGuard } from "./api-key.guard";
import { ApiKeysController } from "./api-keys.controller";
import { ApiKeysService } from "./api-keys.service";
import { Callers } from "./callers";
import { DeviceCertificates } from "./device-certificates";
import { DeviceScope } from "./device-scope";
import { DeviceTokens } from "./device-tokens";
import { FirstAdminKey } from "./first-admin-key";
import { RequestLimits } from "./request-limits";
import { TokenWatch } from "./token-watch";
import { UserSessions } from "./user-sessions";

/** Who may call: API keys for REST, device tokens for agents; neither works in the other's place. */
@Global()
@Module({
  imports: [AuditModule, IdempotencyModule],
  controllers: [ApiKeysController],
  providers: [
    ApiKeysService,
    Callers,
    DeviceCertificates,
    DeviceScope,
    DeviceTokens,
    FirstAdminKey,
    RequestLimits,
    TokenWatch,
    UserSessions,
    ApiKeyGuard,
    { provide: APP_GUARD, useExisting: ApiKeyGuard },
  ],
  exports: [
    ApiKeysService,
    Callers,
    DeviceCertificates,
    DeviceScope,
    DeviceTokens,
    FirstAdminKey,
    RequestLimits,
    TokenWatch,
    UserSessions,
  ],
})
export class AuthModule {}
