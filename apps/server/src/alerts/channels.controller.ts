import {
  alertChannelPageSchema,
  type AlertChannelQuery,
  alertChannelQuerySchema,
  alertChannelSchema,
  channelTestSchema,
  idParamSchema,
  type WriteAlertChannel,
  writeAlertChannelSchema,
  writtenAlertChannelSchema,
} from "@mn316-fleet/contracts";
import { Body, Controller, Delete, Get, Headers, Param, Post, Put, Query, Res } from "@nestjs/common";
import { ApiTags } from "@nestjs/swagger";
import type { FastifyReply } from "fastify";
import { type Caller, CurrentCaller } from "../auth/caller";
import { RequireRole } from "../auth/require-role";
import { IfMatchHeader, readIfMatch, tagged } from "../configs/if-match";
import { CurrentRequestKey, type RequestKey, TakesIdempotencyKey } from "../idempotency/idempotency-key";
import { ApiResult } from "../platform/http/api-result";
import { ChannelsService } from "./channels.service";

const SECRET = "With the secret, this once, where the server made it.";

@ApiTags("alerts")
@Controller("api/v1/alert-channels")
export class ChannelsController {
  constructor(private readonly channels: ChannelsService) {}

  @Get()
  @RequireRole("viewer")
  @ApiResult(alertChannelPageSchema, 200, "By name.")
  list(@Query({ schema: alertChannelQuerySchema }) query: AlertChannelQuery, @CurrentCaller() { role }: Caller) {
    return this.channels.list(query, role);
  }

  @Post()
  @RequireRole("admin")
  @TakesIdempotencyKey("the same channel as it is now, without its secret")
  @ApiResult(writtenAlertChannelSchema, 201, SECRET)
  create(
    @Body({ schema: writeAlertChannelSchema }) body: WriteAlertChannel,
    @CurrentCaller() { name }: Caller,
    @CurrentRequestKey() key: RequestKey,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return tagged(reply, this.channels.create(body, name, key));
  }

  @Get(":id")
  @RequireRole("viewer")
  @ApiResult(alertChannelSchema)
  get(
    @Param({ schema: idParamSchema }) { id }: { id: string },
    @CurrentCaller() { role }: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return tagged(reply, this.channels.get(id, role));
  }

  @Put(":id")
  @RequireRole("admin")
  @IfMatchHeader()
  @ApiResult(writtenAlertChannelSchema, 200, SECRET)
  put(
    @Param({ schema: idParamSchema }) { id }: { id: string },
    @Body({ schema: writeAlertChannelSchema }) body: WriteAlertChannel,
    @Headers("if-match") ifMatch: string | undefined,
    @CurrentCaller() { name }: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return tagged(reply, this.channels.put(id, body, readIfMatch(ifMatch), name));
  }

  @Delete(":id")
  @RequireRole("admin")
  @IfMatchHeader()
  @ApiResult(undefined, 204, "Removed, with its notifications.")
  remove(@Param({ schema: idParamSchema }) { id }: { id: string }, @Headers("if-match") ifMatch: string | undefined) {
    return this.channels.remove(id, readIfMatch(ifMatch));
  }

  @Post(":id/test")
  @RequireRole("operator")
  @ApiResult(channelTestSchema, 200, "What became of it, after one attempt.")
  test(@Param({ schema: idParamSchema }) { id }: { id: string }) {
    return this.channels.test(id);
  }
}
