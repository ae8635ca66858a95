import {
  alertRulePageSchema,
  type AlertRuleQuery,
  alertRuleQuerySchema,
  alertRuleSchema,
  idParamSchema,
  type WriteAlertRule,
  writeAlertRuleSchema,
} from "@mn316-fleet/contracts";
import { Body, Controller, Delete, Get, Headers, Param, Post, Put, Query, Res } from "@nestjs/common";
import { ApiTags } from "@nestjs/swagger";
import type { FastifyReply } from "fastify";
import { type Caller, CurrentCaller } from "../auth/caller";
import { RequireRole } from "../auth/require-role";
import { IfMatchHeader, readIfMatch, tagged } from "../configs/if-match";
import { CurrentRequestKey, type RequestKey, TakesIdempotencyKey } from "../idempotency/idempotency-key";
import { ApiResult } from "../platform/http/api-result";
import { RulesService } from "./rules.service";

@ApiTags("alerts")
@Controller("api/v1/alert-rules")
export class RulesController {
  constructor(private readonly rules: RulesService) {}

  @Get()
  @RequireRole("viewer")
  @ApiResult(alertRulePageSchema, 200, "By name.")
  list(@Query({ schema: alertRuleQuerySchema }) query: AlertRuleQuery) {
    return this.rules.list(query);
  }

  @Post()
  @RequireRole("operator")
  @TakesIdempotencyKey("the same rule as it is now")
  @ApiResult(alertRuleSchema, 201, "Looked at from now on.")
  create(
    @Body({ schema: writeAlertRuleSchema }) body: WriteAlertRule,
    @CurrentCaller() { name }: Caller,
    @CurrentRequestKey() key: RequestKey,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return tagged(reply, this.rules.create(body, name, key));
  }

  @Get(":id")
  @RequireRole("viewer")
  @ApiResult(alertRuleSchema)
  get(@Param({ schema: idParamSchema }) { id }: { id: string }, @Res({ passthrough: true }) reply: FastifyReply) {
    return tagged(reply, this.rules.get(id));
  }

  @Put(":id")
  @RequireRole("operator")
  @IfMatchHeader()
  @ApiResult(
    alertRuleSchema,
    200,
    "Open alerts go on, unless kind or grouping changed or the rule is off: then they are over.",
  )
  put(
    @Param({ schema: idParamSchema }) { id }: { id: string },
    @Body({ schema: writeAlertRuleSchema }) body: WriteAlertRule,
    @Headers("if-match") ifMatch: string | undefined,
    @CurrentCaller() { name }: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return tagged(reply, this.rules.put(id, body, readIfMatch(ifMatch), name));
  }

  @Delete(":id")
  @RequireRole("operator")
  @IfMatchHeader()
  @ApiResult(undefined, 204, "Removed; its open alerts are over, and all of them are kept.")
  remove(@Param({ schema: idParamSchema }) { id }: { id: string }, @Headers("if-match") ifMatch: string | undefined) {
    return this.rules.remove(id, readIfMatch(ifMatch));
  }
}
