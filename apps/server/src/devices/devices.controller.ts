import {
  type ChangeLogLevel,
  changeLogLevelSchema,
  type DeviceCountQuery,
  deviceCountQuerySchema,
  deviceCountSchema,
  createDeviceSchema,
  createdDeviceSchema,
  devicePageSchema,
  type DeviceQuery,
  deviceQuerySchema,
  deviceSchema,
  fleetCountsSchema,
  idParamSchema,
  rotateTokenSchema,
  tokenSchema,
  updateDeviceSchema,
} from "@mn316-fleet/contracts";
import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from "@nestjs/common";
import { ApiTags } from "@nestjs/swagger";
import { z } from "zod";
import { type Caller, CurrentCaller } from "../auth/caller";
import { MindsScope } from "../auth/device-scope";
import { RequireRole } from "../auth/require-role";
import { ALREADY_SHOWN, CurrentRequestKey, type RequestKey, TakesIdempotencyKey } from "../idempotency/idempotency-key";
import { ApiResult } from "../platform/http/api-result";
import { DevicesService } from "./devices.service";

/** The body of a rotation may be left out altogether. */
const rotateBodySchema = rotateTokenSchema.nullish().transform((body) => body ?? rotateTokenSchema.parse({}));

@ApiTags("devices")
@Controller("api/v1")
export class DevicesController {
  constructor(private readonly devices: DevicesService) {}

  @Post("devices")
  @RequireRole("operator")
  @TakesIdempotencyKey(ALREADY_SHOWN)
  @ApiResult(createdDeviceSchema, 201, "The device and its token, shown this once.")
  create(
    @Body({ schema: createDeviceSchema }) body: z.infer<typeof createDeviceSchema>,
    @CurrentRequestKey() key: RequestKey,
  ) {
    return this.devices.create(body, key);
  }

  @Get("devices")
  @RequireRole("viewer")
  @MindsScope()
  @ApiResult(devicePageSchema)
  list(@Query({ schema: deviceQuerySchema }) query: DeviceQuery, @CurrentCaller() { selector }: Caller) {
    return this.devices.list(query, selector);
  }

  @Get("devices/:id")
  @RequireRole("viewer")
  @ApiResult(deviceSchema)
  get(@Param({ schema: idParamSchema }) { id }: { id: string }) {
    return this.devices.get(id);
  }

  @Patch("devices/:id")
  @RequireRole("operator")
  @ApiResult(deviceSchema)
  update(
    @Param({ schema: idParamSchema }) { id }: { id: string },
    @Body({ schema: updateDeviceSchema }) body: z.infer<typeof updateDeviceSchema>,
  ) {
    return this.devices.update(id, body);
  }

  @Delete("devices/:id")
  @RequireRole("operator")
  @ApiResult(undefined, 204, "The device is gone and its agent cut off.")
  remove(@Param({ schema: idParamSchema }) { id }: { id: string }) {
    return this.devices.remove(id);
  }

  @Post("devices/:id/token")
  @RequireRole("operator")
  @TakesIdempotencyKey(ALREADY_SHOWN)
  @ApiResult(tokenSchema, 201, "Another token, shown this once; the former one works on for the overlap.")
  rotateToken(
    @Param({ schema: idParamSchema }) { id }: { id: string },
    @Body({ schema: rotateBodySchema }) { overlapS }: z.infer<typeof rotateTokenSchema>,
    @CurrentRequestKey() key: RequestKey,
  ) {
    return this.devices.rotateToken(id, overlapS, key);
  }

  @Post("devices/:id/log-level")
  @RequireRole("operator")
  @ApiResult(undefined, 204, "Sent to the agent, which returns to its own level by itself. 409 where it is away.")
  changeLogLevel(
    @Param({ schema: idParamSchema }) { id }: { id: string },
    @Body({ schema: changeLogLevelSchema }) change: ChangeLogLevel,
  ) {
    return this.devices.changeLogLevel(id, change);
  }

  @Get("fleet/counts")
  @RequireRole("viewer")
  @MindsScope()
  @ApiResult(fleetCountsSchema)
  counts(@CurrentCaller() { selector }: Caller) {
    return this.devices.counts(selector);
  }

  @Post("fleet/count")
  @RequireRole("operator")
  @ApiResult(deviceCountSchema, 200, "How many devices the selector chooses now.")
  count(@Body({ schema: deviceCountQuerySchema }) { selector }: DeviceCountQuery) {
    return this.devices.count(selector);
  }
}
