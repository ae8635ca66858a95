import {
  configPatchSchema,
  type DryRunQuery,
  dryRunQuerySchema,
  idParamSchema,
  profileDetailSchema,
  profilePageSchema,
  type ProfileQuery,
  profileQuerySchema,
  removedProfileSchema,
  type WriteProfile,
  writeProfileSchema,
  writtenProfileSchema,
} from "@mn316-fleet/contracts";
import { Body, Controller, Delete, Get, Headers, Param, Patch, Post, Put, Query, Res } from "@nestjs/common";
import { ApiConsumes, ApiTags } from "@nestjs/swagger";
import type { FastifyReply } from "fastify";
import { type Caller, CurrentCaller } from "../auth/caller";
import { RequireRole } from "../auth/require-role";
import { IfMatchHeader, readIfMatch, tagged } from "../configs/if-match";
import { CurrentRequestKey, type RequestKey, TakesIdempotencyKey } from "../idempotency/idempotency-key";
import { ApiResult } from "../platform/http/api-result";
import { ProfilesService } from "./profiles.service";

const STORED = "Stored; workers bring it to the devices. `effect` says what that means for them.";

@ApiTags("profiles")
@Controller("api/v1/profiles")
export class ProfilesController {
  constructor(private readonly profiles: ProfilesService) {}

  @Get()
  @RequireRole("viewer")
  @ApiResult(profilePageSchema, 200, "The strongest first.")
  list(@Query({ schema: profileQuerySchema }) query: ProfileQuery) {
    return this.profiles.list(query);
  }

  @Post()
  @RequireRole("operator")
  @TakesIdempotencyKey("the same profile as it is now")
  @ApiResult(writtenProfileSchema, 201, STORED)
  create(
    @Body({ schema: writeProfileSchema }) body: WriteProfile,
    @Query({ schema: dryRunQuerySchema }) query: DryRunQuery,
    @CurrentCaller() { name }: Caller,
    @CurrentRequestKey() key: RequestKey,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return tagged(reply, this.profiles.create(body, query, name, key));
  }

  @Get(":id")
  @RequireRole("viewer")
  @ApiResult(profileDetailSchema, 200, "With how far its devices are.")
  get(@Param({ schema: idParamSchema }) { id }: { id: string }, @Res({ passthrough: true }) reply: FastifyReply) {
    return tagged(reply, this.profiles.get(id));
  }

  @Put(":id")
  @RequireRole("operator")
  @IfMatchHeader()
  @ApiResult(writtenProfileSchema, 200, STORED)
  put(
    @Param({ schema: idParamSchema }) { id }: { id: string },
    @Body({ schema: writeProfileSchema }) body: WriteProfile,
    @Headers("if-match") ifMatch: string | undefined,
    @Query({ schema: dryRunQuerySchema }) query: DryRunQuery,
    @CurrentCaller() { name }: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return tagged(reply, this.profiles.put(id, body, readIfMatch(ifMatch), query, name));
  }

  @Patch(":id")
  @RequireRole("operator")
  @IfMatchHeader()
  @ApiConsumes("application/merge-patch+json", "application/json")
  @ApiResult(writtenProfileSchema, 200, STORED)
  patch(
    @Param({ schema: idParamSchema }) { id }: { id: string },
    @Body({ schema: configPatchSchema }) patch: Record<string, unknown>,
    @Headers("if-match") ifMatch: string | undefined,
    @Query({ schema: dryRunQuerySchema }) query: DryRunQuery,
    @CurrentCaller() { name }: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return tagged(reply, this.profiles.patch(id, patch, readIfMatch(ifMatch), query, name));
  }

  @Delete(":id")
  @RequireRole("operator")
  @IfMatchHeader()
  @ApiResult(removedProfileSchema, 200, "Removed; `effect` says what that means for devices.")
  remove(
    @Param({ schema: idParamSchema }) { id }: { id: string },
    @Headers("if-match") ifMatch: string | undefined,
    @Query({ schema: dryRunQuerySchema }) query: DryRunQuery,
    @CurrentCaller() { name }: Caller,
  ) {
    return this.profiles.remove(id, readIfMatch(ifMatch), query, name);
  }
}
