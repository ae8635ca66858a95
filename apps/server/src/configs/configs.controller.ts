import {
  type ConfigDocument,
  configDocumentSchema,
  configPatchSchema,
  type ConfigState,
  configStateSchema,
  idParamSchema,
} from "@mn316-fleet/contracts";
import { Body, Controller, Get, Headers, Param, Patch, Put, Res } from "@nestjs/common";
import { ApiConsumes, ApiHeader, ApiTags } from "@nestjs/swagger";
import type { FastifyReply } from "fastify";
import { RequireRole } from "../auth/require-role";
import { ApiResult } from "../platform/http/api-result";
import { ConfigsService } from "./configs.service";
import { entityTag, readIfMatch } from "./if-match";

const IfMatchHeader = () =>
  ApiHeader({ name: "If-Match", required: false, description: 'The version seen, such as "3"; another one is 412.' });

@ApiTags("configuration")
@Controller("api/v1/devices/:id/config")
export class ConfigsController {
  constructor(private readonly configs: ConfigsService) {}

  @Get()
  @RequireRole("viewer")
  @ApiResult(configStateSchema)
  async get(@Param({ schema: idParamSchema }) { id }: { id: string }, @Res({ passthrough: true }) reply: FastifyReply) {
    return tagged(reply, await this.configs.get(id));
  }

  @Put()
  @RequireRole("operator")
  @IfMatchHeader()
  @ApiResult(configStateSchema, 200, "Stored, and sent to the device if it is connected.")
  async put(
    @Param({ schema: idParamSchema }) { id }: { id: string },
    @Body({ schema: configDocumentSchema }) document: ConfigDocument,
    @Headers("if-match") ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return tagged(reply, await this.configs.put(id, document, readIfMatch(ifMatch)));
  }

  @Patch()
  @RequireRole("operator")
  @IfMatchHeader()
  @ApiConsumes("application/merge-patch+json", "application/json")
  @ApiResult(configStateSchema, 200, "Stored, and sent to the device if it is connected.")
  async patch(
    @Param({ schema: idParamSchema }) { id }: { id: string },
    @Body({ schema: configPatchSchema }) patch: Record<string, unknown>,
    @Headers("if-match") ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return tagged(reply, await this.configs.patch(id, patch, readIfMatch(ifMatch)));
  }
}

function tagged(reply: FastifyReply, state: ConfigState): ConfigState {
  void reply.header("ETag", entityTag(state.version));
  return state;
}
