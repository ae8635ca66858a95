import {
  configPatchSchema,
  configQuerySchema,
  type ConfigState,
  configStateSchema,
  configVersionDetailSchema,
  configVersionPageSchema,
  type ConfigVersionQuery,
  configVersionQuerySchema,
  idParamSchema,
  ownSettingsSchema,
  versionParamsSchema,
} from "@mn316-fleet/contracts";
import { Body, Controller, Delete, Get, Headers, Param, Patch, Post, Put, Query, Res } from "@nestjs/common";
import { ApiConsumes, ApiTags } from "@nestjs/swagger";
import type { FastifyReply } from "fastify";
import type { z } from "zod";
import { type Caller, CurrentCaller } from "../auth/caller";
import { RequireRole } from "../auth/require-role";
import { CurrentRequestKey, type RequestKey, TakesIdempotencyKey } from "../idempotency/idempotency-key";
import { ApiResult } from "../platform/http/api-result";
import { ConfigsService } from "./configs.service";
import { entityTag, IfMatchHeader, readIfMatch } from "./if-match";

const STORED = "Stored, and sent to the device if it is connected.";

@ApiTags("configuration")
@Controller("api/v1/devices/:id/config")
export class ConfigsController {
  constructor(private readonly configs: ConfigsService) {}

  @Get()
  @RequireRole("viewer")
  @ApiResult(configStateSchema)
  async get(
    @Param({ schema: idParamSchema }) { id }: { id: string },
    @Query({ schema: configQuerySchema }) { explain }: z.infer<typeof configQuerySchema>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return tagged(reply, await this.configs.get(id, explain === "true"));
  }

  @Put()
  @RequireRole("operator")
  @IfMatchHeader()
  @ApiResult(configStateSchema, 200, STORED)
  async put(
    @Param({ schema: idParamSchema }) { id }: { id: string },
    @Body({ schema: ownSettingsSchema }) settings: Record<string, unknown>,
    @Headers("if-match") ifMatch: string | undefined,
    @CurrentCaller() { name }: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return tagged(reply, await this.configs.put(id, settings, readIfMatch(ifMatch), name));
  }

  @Patch()
  @RequireRole("operator")
  @IfMatchHeader()
  @ApiConsumes("application/merge-patch+json", "application/json")
  @ApiResult(configStateSchema, 200, STORED)
  async patch(
    @Param({ schema: idParamSchema }) { id }: { id: string },
    @Body({ schema: configPatchSchema }) patch: Record<string, unknown>,
    @Headers("if-match") ifMatch: string | undefined,
    @CurrentCaller() { name }: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return tagged(reply, await this.configs.patch(id, patch, readIfMatch(ifMatch), name));
  }

  @Delete()
  @RequireRole("operator")
  @IfMatchHeader()
  @ApiResult(configStateSchema, 200, "The device's own settings are gone; its profiles hold alone.")
  async remove(
    @Param({ schema: idParamSchema }) { id }: { id: string },
    @Headers("if-match") ifMatch: string | undefined,
    @CurrentCaller() { name }: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return tagged(reply, await this.configs.remove(id, readIfMatch(ifMatch), name));
  }

  @Get("versions")
  @RequireRole("viewer")
  @ApiResult(configVersionPageSchema, 200, "Newest first.")
  history(
    @Param({ schema: idParamSchema }) { id }: { id: string },
    @Query({ schema: configVersionQuerySchema }) query: ConfigVersionQuery,
  ) {
    return this.configs.history(id, query);
  }

  @Get("versions/:version")
  @RequireRole("viewer")
  @ApiResult(configVersionDetailSchema)
  version(@Param({ schema: versionParamsSchema }) { id, version }: z.infer<typeof versionParamsSchema>) {
    return this.configs.version(id, version);
  }

  @Post("versions/:version/revert")
  @RequireRole("operator")
  @IfMatchHeader()
  @TakesIdempotencyKey("the configuration as it is now")
  @ApiResult(configStateSchema, 200, "That version's document and password are the device's own settings now.")
  async revert(
    @Param({ schema: versionParamsSchema }) { id, version }: z.infer<typeof versionParamsSchema>,
    @Headers("if-match") ifMatch: string | undefined,
    @CurrentCaller() { name }: Caller,
    @CurrentRequestKey() key: RequestKey,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return tagged(reply, await this.configs.revert(id, version, readIfMatch(ifMatch), name, key));
  }
}

function tagged(reply: FastifyReply, state: ConfigState): ConfigState {
  void reply.header("ETag", entityTag(state.version));
  return state;
}
