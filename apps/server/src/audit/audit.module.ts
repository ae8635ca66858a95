import { Global, Module } from "@nestjs/common";
import { APP_INTERCEPTOR } from "@nestjs/core";
import { AuditController } from "./audit.controller";
import { AuditInterceptor } from "./audit.interceptor";
import { AuditSealer } from "./audit-sealer";
import { AuditService } from "./audit.service";
import { AuditStore } from "./audit.store";
import { AuditTrail } from "./audit-trail";
import { Denials } from "./denials";

/** Who did what to what, from where; every feature may tell what it changes. */
@Global()
@Module({
  controllers: [AuditController],
  providers: [
    AuditTrail,
    Denials,
    AuditSealer,
    AuditService,
    AuditStore,
    { provide: APP_INTERCEPTOR, useClass: AuditInterceptor },
  ],
  exports: [AuditTrail, Denials, AuditSealer],
})
export class AuditModule {}
