import {
  type Acknowledge,
  acknowledgeSchema,
  alertDetailSchema,
  alertDevicePageSchema,
  type AlertDeviceQuery,
  alertDeviceQuerySchema,
  alertPageSchema,
  type AlertQuery,
  alertQuerySchema,
  alertSchema,
  idParamSchema,
} from "@mn316-fleet/contracts";
import { Body, Controller, Get, Param, Post, Query } from "@nestjs/common";
import { ApiTags } from "@nestjs/swagger";
import { type Caller, CurrentCaller } from "../auth/caller";
import { RequireRole } from "../auth/require-role";
import { ApiResult } from "../platform/http/api-result";
import { AlertsService } from "./alerts.service";

@ApiTags("alerts")
@Controller("api/v1/alerts")
export class AlertsController {
  constructor(private readonly alerts: AlertsService) {}

  @Get()
  @RequireRole("viewer")
  @ApiResult(alertPageSchema, 200, "The newest first.")
  list(@Query({ schema: alertQuerySchema }) query: AlertQuery) {
    return this.alerts.list(query);
  }

  @Get(":id")
  @RequireRole("viewer")
  @ApiResult(alertDetailSchema)
  get(@Param({ schema: idParamSchema }) { id }: { id: string }) {
    return this.alerts.get(id);
  }

  @Get(":id/devices")
  @RequireRole("viewer")
  @ApiResult(alertDevicePageSchema, 200, "Those too that are well again.")
  devices(
    @Param({ schema: idParamSchema }) { id }: { id: string },
    @Query({ schema: alertDeviceQuerySchema }) query: AlertDeviceQuery,
  ) {
    return this.alerts.devices(id, query);
  }

  @Post(":id/acknowledge")
  @RequireRole("operator")
  @ApiResult(alertSchema, 200, "Acknowledged; whoever was first stays.")
  acknowledge(
    @Param({ schema: idParamSchema }) { id }: { id: string },
    @Body({ schema: acknowledgeSchema.default({}) }) body: Acknowledge,
    @CurrentCaller() { name }: Caller,
  ) {
    return this.alerts.acknowledge(id, body, name);
  }
}
