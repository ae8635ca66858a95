import {
  apiKeyListSchema,
  type CreateApiKey,
  createApiKeySchema,
  createdApiKeySchema,
  idParamSchema,
} from "@mn316-fleet/contracts";
import { Body, Controller, Delete, Get, Param, Post } from "@nestjs/common";
import { ApiTags } from "@nestjs/swagger";
import { ALREADY_SHOWN, CurrentRequestKey, type RequestKey, TakesIdempotencyKey } from "../idempotency/idempotency-key";
import { ApiResult } from "../platform/http/api-result";
import { ApiKeysService } from "./api-keys.service";
import { RequireRole } from "./require-role";

@ApiTags("api-keys")
@RequireRole("admin")
@Controller("api/v1/api-keys")
export class ApiKeysController {
  constructor(private readonly keys: ApiKeysService) {}

  @Post()
  @TakesIdempotencyKey(ALREADY_SHOWN)
  @ApiResult(createdApiKeySchema, 201, "The key, shown this once.")
  create(@Body({ schema: createApiKeySchema }) body: CreateApiKey, @CurrentRequestKey() key: RequestKey) {
    return this.keys.create(body, key);
  }

  @Get()
  @ApiResult(apiKeyListSchema, 200, "All keys, without their secret.")
  async list() {
    return { items: await this.keys.list(), next: null };
  }

  @Delete(":id")
  @ApiResult(undefined, 204, "The key no longer works.")
  remove(@Param({ schema: idParamSchema }) { id }: { id: string }) {
    return this.keys.remove(id);
  }
}
