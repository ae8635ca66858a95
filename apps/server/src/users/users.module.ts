import { Module } from "@nestjs/common";
import { IdempotencyModule } from "../idempotency/idempotency.module";
import { SessionController } from "./session.controller";
import { SignInAttempts } from "./sign-in-attempts";
import { SignInService } from "./sign-in.service";
import { UsersController } from "./users.controller";
import { UsersService } from "./users.service";
import { UsersStore } from "./users.store";
import { UsersUpkeep } from "./users-upkeep";

/** People, and how they sign in at the dashboard. */
@Module({
  imports: [IdempotencyModule],
  controllers: [UsersController, SessionController],
  providers: [UsersService, UsersStore, SignInService, SignInAttempts, UsersUpkeep],
  exports: [UsersUpkeep],
})
export class UsersModule {}
