import {
  type CreateSilence,
  createSilenceSchema,
  idParamSchema,
  silencePageSchema,
  type SilenceQuery,
  silenceQuerySchema,
  silenceSchema,
} from "@mn316-fleet/contracts";
import { Body, Controller, Delete, Get, Param, Post, Query } from "@nestjs/common";
import { ApiTags } from "@nestjs/swagger";
import { type Caller, CurrentCaller } from "../auth/caller";
import { RequireRole } from "../auth/require-role";
import { CurrentRequestKey, type RequestKey, TakesIdempotencyKey } from "../idempotency/idempotency-key";
import { ApiResult } from "../platform/http/api-result";
import { SilencesService } from "./silences.service";

@ApiTags("alerts")
@Controller("api/v1/silences")
export class SilencesController {
  constructor(private readonly silences: SilencesService) {}

  @Get()
  @RequireRole("viewer")
  @ApiResult(silencePageSchema, 200, "Those that last longest first.")
  list(@Query({ schema: silenceQuerySchema }) query: SilenceQuery) {
    return this.silences.list(query);
  }

  @Post()
  @RequireRole("operator")
  @TakesIdempotencyKey("the same silence")
  @ApiResult(silenceSchema, 201, "Alerts it covers are recorded, and nobody is told of them while it lasts.")
  create(
    @Body({ schema: createSilenceSchema }) body: CreateSilence,
    @CurrentCaller() { name }: Caller,
    @CurrentRequestKey() key: RequestKey,
  ) {
    return this.silences.create(body, name, key);
  }

  @Get(":id")
  @RequireRole("viewer")
  @ApiResult(silenceSchema)
  get(@Param({ schema: idParamSchema }) { id }: { id: string }) {
    return this.silences.get(id);
  }

  @Delete(":id")
  @RequireRole("operator")
  @ApiResult(undefined, 204, "Over; what still is wrong is told now.")
  remove(@Param({ schema: idParamSchema }) { id }: { id: string }) {
    return this.silences.remove(id);
  }
}
