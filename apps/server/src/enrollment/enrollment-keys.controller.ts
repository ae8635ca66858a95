import {
  type CreateEnrollmentKey,
  createdEnrollmentKeySchema,
  createEnrollmentKeySchema,
  enrollmentKeyListSchema,
  idParamSchema,
} from "@mn316-fleet/contracts";
import { Body, Controller, Delete, Get, Param, Post } from "@nestjs/common";
import { ApiTags } from "@nestjs/swagger";
import { type Caller, CurrentCaller } from "../auth/caller";
import { RequireRole } from "../auth/require-role";
import { ALREADY_SHOWN, CurrentRequestKey, type RequestKey, TakesIdempotencyKey } from "../idempotency/idempotency-key";
import { ApiResult } from "../platform/http/api-result";
import { EnrollmentKeysService } from "./enrollment-keys.service";

@ApiTags("enrollment-keys")
@RequireRole("admin")
@Controller("api/v1/enrollment-keys")
export class EnrollmentKeysController {
  constructor(private readonly keys: EnrollmentKeysService) {}

  @Post()
  @TakesIdempotencyKey(ALREADY_SHOWN)
  @ApiResult(createdEnrollmentKeySchema, 201, "The key, shown this once.")
  create(
    @Body({ schema: createEnrollmentKeySchema }) body: CreateEnrollmentKey,
    @CurrentCaller() { name }: Caller,
    @CurrentRequestKey() key: RequestKey,
  ) {
    return this.keys.create(body, name, key);
  }

  @Get()
  @ApiResult(enrollmentKeyListSchema, 200, "All keys, without their secret.")
  async list() {
    return { items: await this.keys.list(), next: null };
  }

  @Delete(":id")
  @ApiResult(undefined, 204, "The key enrols no further device; those it made stay.")
  remove(@Param({ schema: idParamSchema }) { id }: { id: string }) {
    return this.keys.remove(id);
  }
}
