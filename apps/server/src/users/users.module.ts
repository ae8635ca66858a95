import { Module } from "@nestjs/common";
import { IdempotencyModule } from "../idempotency/idempotency.module";
import { IdentityProvider } from "./oidc/identity-provider";
import { OidcController } from "./oidc/oidc.controller";
import { OidcSignInService } from "./oidc/oidc-sign-in.service";
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
  controllers: [UsersController, SessionController, OidcController],
  providers: [
    UsersService,
    UsersStore,
    SignInService,
    SignInAttempts,
    IdentityProvider,
    OidcSignInService,
    UsersUpkeep,
  ],
  exports: [UsersUpkeep],
})
export class UsersModule {}
