import {
  type AdviceDraft,
  adviceDraftSchema,
  type AdviceQuery,
  adviceQuerySchema,
  advicesSchema,
  draftedProfileSchema,
  type WhatIf,
  whatIfAnswerSchema,
  whatIfSchema,
} from "@mn316-fleet/contracts";
import { Body, Controller, Get, Post, Query } from "@nestjs/common";
import { ApiTags } from "@nestjs/swagger";
import { type Caller, CurrentCaller } from "../auth/caller";
import { RequireRole } from "../auth/require-role";
import { ApiResult } from "../platform/http/api-result";
import { AdviceService } from "./advice/advice.service";
import { Formatted, type InFormat } from "./answer/answer-format";
import { WhatIfService } from "./what-if/what-if.service";

/** What could be better, and what would have been with other settings. */
@ApiTags("analytics")
@Controller("api/v1/analytics")
export class AdviceController {
  constructor(
    private readonly advices: AdviceService,
    private readonly replays: WhatIfService,
  ) {}

  /** Settings that could be better, with what says so and what a change would bring, the most urgent first. */
  @Get("advice")
  @RequireRole("viewer")
  @ApiResult(advicesSchema)
  advice(@Query({ schema: adviceQuerySchema }) query: AdviceQuery, @Formatted() inFormat: InFormat) {
    return inFormat(advicesSchema, this.advices.advise(query));
  }

  /** Makes advice the draft of a profile: what to send to `profiles`, and what that would do. Stores nothing. */
  @Post("advice/draft")
  @RequireRole("operator")
  @ApiResult(draftedProfileSchema, 200, "The draft; nothing is stored.")
  draft(@Body({ schema: adviceDraftSchema }) body: AdviceDraft, @CurrentCaller() { name }: Caller) {
    return this.advices.draft(body, name);
  }

  /** Replays a device's history through a model of the module's timers with other settings. */
  @Post("what-if")
  @RequireRole("operator")
  @ApiResult(whatIfAnswerSchema)
  whatIf(@Body({ schema: whatIfSchema }) body: WhatIf) {
    return this.replays.answer(body);
  }
}
