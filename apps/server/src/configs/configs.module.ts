import { Module, type OnModuleInit } from "@nestjs/common";
import { HttpAdapterHost } from "@nestjs/core";
import type { FastifyInstance } from "fastify";
import { ConfigReports } from "./config-reports";
import { ConfigsController } from "./configs.controller";
import { ConfigsService } from "./configs.service";
import { ConfigsStore } from "./configs.store";
import { PasswordVault } from "./password-vault";

/** The desired and the reported configuration of devices. */
@Module({
  controllers: [ConfigsController],
  providers: [ConfigsService, ConfigsStore, PasswordVault, ConfigReports],
  exports: [ConfigsService],
})
export class ConfigsModule implements OnModuleInit {
  constructor(private readonly http: HttpAdapterHost) {}

  /** Fastify knows `application/json` only; a merge patch has a media type of its own. */
  onModuleInit(): void {
    const fastify = this.http.httpAdapter.getInstance<FastifyInstance>();
    const parse = fastify.getDefaultJsonParser("error", "error");
    fastify.addContentTypeParser("application/merge-patch+json", { parseAs: "string" }, parse);
  }
}
