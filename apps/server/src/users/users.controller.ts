import {
  type CreateUser,
  createUserSchema,
  idParamSchema,
  type UpdateUser,
  updateUserSchema,
  userListSchema,
  userSchema,
} from "@mn316-fleet/contracts";
import { Body, Controller, Delete, Get, Param, Patch, Post } from "@nestjs/common";
import { ApiTags } from "@nestjs/swagger";
import { RequireRole } from "../auth/require-role";
import { CurrentRequestKey, type RequestKey, TakesIdempotencyKey } from "../idempotency/idempotency-key";
import { ApiResult } from "../platform/http/api-result";
import { UsersService } from "./users.service";

@ApiTags("users")
@RequireRole("admin")
@Controller("api/v1/users")
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Get()
  @ApiResult(userListSchema, 200, "All of them, by name.")
  async list() {
    return { items: await this.users.list(), next: null };
  }

  @Post()
  @TakesIdempotencyKey("the same user as they are now")
  @ApiResult(userSchema, 201, "They may sign in now.")
  create(@Body({ schema: createUserSchema }) body: CreateUser, @CurrentRequestKey() key: RequestKey) {
    return this.users.create(body, key);
  }

  @Patch(":id")
  @ApiResult(userSchema, 200, "Another role holds at once, another password ends all their sessions.")
  update(
    @Param({ schema: idParamSchema }) { id }: { id: string },
    @Body({ schema: updateUserSchema }) body: UpdateUser,
  ) {
    return this.users.update(id, body);
  }

  @Delete(":id")
  @ApiResult(undefined, 204, "They are gone, and so are their sessions.")
  remove(@Param({ schema: idParamSchema }) { id }: { id: string }) {
    return this.users.remove(id);
  }
}
