import {
  type CreateFleet,
  createdFleetSchema,
  createFleetSchema,
  fleetListSchema,
  fleetSchema,
  idParamSchema,
  type RenameFleet,
  renameFleetSchema,
} from "@mn316-fleet/contracts";
import { Body, Controller, Delete, Get, Param, Patch, Post } from "@nestjs/common";
import { ApiTags } from "@nestjs/swagger";
import { HostOnly } from "../auth/host-only";
import { RequireRole } from "../auth/require-role";
import { ALREADY_SHOWN, CurrentRequestKey, type RequestKey, TakesIdempotencyKey } from "../idempotency/idempotency-key";
import { ApiResult } from "../platform/http/api-result";
import { FleetsService } from "./fleets.service";

/** The tenants of this installation. */
@ApiTags("fleets")
@RequireRole("admin")
@HostOnly()
@Controller("api/v1/fleets")
export class FleetsController {
  constructor(private readonly fleets: FleetsService) {}

  @Get()
  @ApiResult(fleetListSchema, 200, "All of them, the host first.")
  async list() {
    return { items: await this.fleets.list(), next: null };
  }

  @Post()
  @TakesIdempotencyKey(ALREADY_SHOWN)
  @ApiResult(createdFleetSchema, 201, "The fleet with its first admin key, shown this once.")
  create(@Body({ schema: createFleetSchema }) body: CreateFleet, @CurrentRequestKey() key: RequestKey) {
    return this.fleets.create(body, key);
  }

  @Patch(":id")
  @ApiResult(fleetSchema, 200, "Its people sign in by the new name from now on.")
  rename(
    @Param({ schema: idParamSchema }) { id }: { id: string },
    @Body({ schema: renameFleetSchema }) body: RenameFleet,
  ) {
    return this.fleets.rename(id, body);
  }

  @Delete(":id")
  @ApiResult(
    undefined,
    204,
    "Gone with its keys, people, profiles and rules. 409 while it has devices, and for the host.",
  )
  remove(@Param({ schema: idParamSchema }) { id }: { id: string }) {
    return this.fleets.remove(id);
  }
}
