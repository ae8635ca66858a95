import {
  availabilityQuerySchema,
  type AvailabilityQuery,
  availabilitySchema,
  timeoutsQuerySchema,
  type TimeoutsQuery,
  timeoutsSchema,
} from "@mn316-fleet/contracts";
import { Controller, Get, Query } from "@nestjs/common";
import { ApiTags } from "@nestjs/swagger";
import { RequireRole } from "../auth/require-role";
import { ApiResult } from "../platform/http/api-result";
import { AnalyticsService } from "./analytics.service";

@ApiTags("analytics")
@RequireRole("viewer")
@Controller("api/v1/analytics")
export class AnalyticsController {
  constructor(private readonly analytics: AnalyticsService) {}

  /** The module's timeouts by type and time. */
  @Get("timeouts")
  @ApiResult(timeoutsSchema)
  timeouts(@Query({ schema: timeoutsQuerySchema }) query: TimeoutsQuery) {
    return this.analytics.timeouts(query);
  }

  /** Connected time as a share of known time, the least available devices first. */
  @Get("availability")
  @ApiResult(availabilitySchema)
  availability(@Query({ schema: availabilityQuerySchema }) query: AvailabilityQuery) {
    return this.analytics.availability(query);
  }
}
