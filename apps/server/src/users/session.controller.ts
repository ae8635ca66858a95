import {
  type ChangePassword,
  changePasswordSchema,
  type Session,
  sessionSchema,
  type SignIn,
  signInSchema,
} from "@mn316-fleet/contracts";
import { Body, Controller, Delete, Get, Post, Put, Req, Res } from "@nestjs/common";
import { ApiTags } from "@nestjs/swagger";
import type { FastifyReply, FastifyRequest } from "fastify";
import { type Caller, CurrentCaller } from "../auth/caller";
import { refuseForgery } from "../auth/callers";
import { MindsScope } from "../auth/device-scope";
import { Public } from "../auth/public";
import { RequireRole } from "../auth/require-role";
import { isOverTls, sessionCookie } from "../auth/session-cookie";
import { HOST_FLEET } from "../platform/database/fleet-scope";
import { ApiResult } from "../platform/http/api-result";
import { SignInService } from "./sign-in.service";

/** The session of a person at a browser. */
@ApiTags("session")
@Controller("api/v1/session")
export class SessionController {
  constructor(private readonly signIns: SignInService) {}

  @Post()
  @Public()
  @ApiResult(sessionSchema, 201, "Signed in; the session comes as a cookie.")
  async signIn(
    @Body({ schema: signInSchema }) body: SignIn,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Session> {
    refuseForgery(request.headers, request.host);
    const { session, secret } = await this.signIns.signIn(body, request.ip);
    void reply.header("Set-Cookie", sessionCookie(secret, isOverTls(request)));
    return session;
  }

  @Get()
  @RequireRole("viewer")
  @MindsScope()
  @ApiResult(sessionSchema, 200, "Who the caller is.")
  async get(@CurrentCaller() { kind, name, role, fleetId, session }: Caller): Promise<Session> {
    const expiresAt = session?.endsAt.toISOString() ?? null;
    return { kind, name, role, fleet: await this.signIns.ownFleet(), isHost: fleetId === HOST_FLEET, expiresAt };
  }

  @Delete()
  @RequireRole("viewer")
  @MindsScope()
  @ApiResult(undefined, 204, "The session is over. A key has none, and stays as it is.")
  async signOut(
    @CurrentCaller() caller: Caller,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    await this.signIns.signOut(caller);
    void reply.header("Set-Cookie", sessionCookie(undefined, isOverTls(request)));
  }

  @Put("password")
  @RequireRole("viewer")
  @MindsScope()
  @ApiResult(undefined, 204, "Changed; all other sessions of the caller are over. 409 for a key.")
  async changePassword(
    @Body({ schema: changePasswordSchema }) body: ChangePassword,
    @CurrentCaller() caller: Caller,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const secret = await this.signIns.changePassword(caller, body, request.ip);
    void reply.header("Set-Cookie", sessionCookie(secret, isOverTls(request)));
  }
}
