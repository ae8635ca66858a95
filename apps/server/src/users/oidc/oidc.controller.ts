import { type SignInFailure, signInElsewhereSchema, signInProviderSchema } from "@mn316-fleet/contracts";
import { Controller, Get, Post, Req, Res } from "@nestjs/common";
import { ApiResponse, ApiTags } from "@nestjs/swagger";
import type { FastifyReply, FastifyRequest } from "fastify";
import { refuseForgery } from "../../auth/callers";
import { Public } from "../../auth/public";
import { isOverTls, sessionCookie } from "../../auth/session-cookie";
import { ApiResult } from "../../platform/http/api-result";
import { ProblemError } from "../../platform/problems/problem.error";
import { SecretVault } from "../../platform/secrets/secret-vault";
import { IdentityProvider, OidcError } from "./identity-provider";
import { NoRoleError, OidcSignInService } from "./oidc-sign-in.service";
import { noPendingCookie, pendingCookie } from "./pending-sign-in";

/** Signing in at an OpenID provider, by the browser of a person. */
@ApiTags("session")
@Public()
@Controller("api/v1/session/oidc")
export class OidcController {
  constructor(
    private readonly provider: IdentityProvider,
    private readonly signIns: OidcSignInService,
    private readonly vault: SecretVault,
  ) {}

  @Get()
  @ApiResult(signInProviderSchema, 200, "Where people may sign in besides their passwords.")
  get() {
    return { host: this.provider.host ?? null };
  }

  @Post()
  @ApiResult(signInElsewhereSchema, 201, "Where the browser goes; what it must bring back comes as a cookie.")
  async begin(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    refuseForgery(request.headers, request.host);
    if (this.provider.host === undefined)
      throw new ProblemError(404, "Not found", "This server knows no OpenID provider: FLEET_OIDC_ISSUER names none.");
    const { url, pending } = await this.provider.begin().catch((error: unknown) => {
      throw error instanceof OidcError ? away(this.provider.host) : error;
    });
    void reply.header("Set-Cookie", pendingCookie(pending, this.vault, isOverTls(request)));
    return { url: url.href };
  }

  @Get("callback")
  @ApiResponse({
    status: 303,
    description: "To the dashboard: `/#signed-in` with a session as a cookie, or `/#sign-in=` and why there is none.",
  })
  async finish(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { search } = new URL(request.url, "http://server");
    const { outcome, secret } = await this.outcome(search, request);
    const cookies = [noPendingCookie(isOverTls(request))];
    if (secret !== undefined) cookies.push(sessionCookie(secret, isOverTls(request)));
    await reply.header("Set-Cookie", cookies).redirect(`/#${outcome}`, 303);
  }

  private async outcome(
    search: string,
    { headers, ip }: FastifyRequest,
  ): Promise<{ outcome: string; secret?: string }> {
    const failed = (reason: SignInFailure) => ({ outcome: `sign-in=${reason}` });
    if (this.provider.host === undefined) return failed("refused");
    try {
      return { outcome: "signed-in", secret: await this.signIns.finish(search, headers.cookie, ip) };
    } catch (error) {
      if (error instanceof NoRoleError) return failed("no-role");
      if (error instanceof OidcError) return failed(error.reason);
      throw error;
    }
  }
}

const away = (host = "") =>
  new ProblemError(503, "Service unavailable", `The OpenID provider at ${host} does not answer as it should.`);
