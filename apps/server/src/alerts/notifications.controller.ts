import {
  idParamSchema,
  notificationPageSchema,
  type NotificationQuery,
  notificationQuerySchema,
  notificationSchema,
} from "@mn316-fleet/contracts";
import { Controller, Get, Param, Post, Query } from "@nestjs/common";
import { ApiTags } from "@nestjs/swagger";
import { RequireRole } from "../auth/require-role";
import { ApiResult } from "../platform/http/api-result";
import { AlertsService } from "./alerts.service";

@ApiTags("alerts")
@Controller("api/v1/notifications")
export class NotificationsController {
  constructor(private readonly alerts: AlertsService) {}

  @Get()
  @RequireRole("viewer")
  @ApiResult(notificationPageSchema, 200, "The newest first; `state=failed` are those that were given up.")
  list(@Query({ schema: notificationQuerySchema }) query: NotificationQuery) {
    return this.alerts.listNotifications(query);
  }

  @Get(":id")
  @RequireRole("viewer")
  @ApiResult(notificationSchema)
  get(@Param({ schema: idParamSchema }) { id }: { id: string }) {
    return this.alerts.getNotification(id);
  }

  @Post(":id/retry")
  @RequireRole("operator")
  @ApiResult(notificationSchema, 200, "Sent again, from the first attempt on.")
  retry(@Param({ schema: idParamSchema }) { id }: { id: string }) {
    return this.alerts.retry(id);
  }
}
