import { type Role, ROLES, type Selector } from "@mn316-fleet/contracts";
import { type CanActivate, type ExecutionContext, Injectable } from "@nestjs/common";
import type { FastifyReply } from "fastify";
import { Reflector } from "@nestjs/core";
import { Denials } from "../audit/denials";
import { type AuditedRequest, deedOf } from "../audit/request-deed";
import { HOST_FLEET } from "../platform/database/fleet-scope";
import { scopeOf } from "../platform/http/request-scopes";
import { forbidden, ProblemError, unauthorized } from "../platform/problems/problem.error";
import type { AuthenticatedRequest } from "./caller";
import { Callers, refuseForgery } from "./callers";
import { DeviceScope, MINDS_SCOPE } from "./device-scope";
import { HOST_ONLY } from "./host-only";
import { IS_PUBLIC } from "./public";
import { RequestLimits } from "./request-limits";
import { REQUIRED_ROLE } from "./require-role";
import { isOverTls, sessionCookie } from "./session-cookie";

type Places = Parameters<Reflector["getAllAndOverride"]>[1];

/** Stands before every HTTP route: an API key or a session is needed unless it is public, and a role at least as high as it asks. */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly callers: Callers,
    private readonly scope: DeviceScope,
    private readonly limits: RequestLimits,
    private readonly denials: Denials,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    // Agents' sockets prove themselves with device tokens, which the gateway checks.
    if (context.getType() !== "http") return true;
    const places = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(IS_PUBLIC, places)) return true;
    const request = context.switchToHttp().getRequest<AuditedRequest>();
    this.limits.admitNetwork(request.ip);
    const verified = await this.callers.verify(request.headers);
    if (!verified) {
      this.limits.countWrong(request.ip);
      throw this.denied(request, unauthorized());
    }
    const { caller, replacement } = verified;
    this.limits.admitCaller(caller.id);
    request.caller = caller;
    scopeOf(request).admit(caller.fleetId);
    if (caller.session) this.requireOwnPage(request);
    if (replacement !== undefined)
      void context
        .switchToHttp()
        .getResponse<FastifyReply>()
        .header("Set-Cookie", sessionCookie(replacement, isOverTls(request)));
    const needed = this.reflector.getAllAndOverride<Role | undefined>(REQUIRED_ROLE, places) ?? roleByMethod(request);
    if (ROLES.indexOf(caller.role) < ROLES.indexOf(needed)) throw this.denied(request, forbidden(needed));
    if (this.reflector.getAllAndOverride<boolean | undefined>(HOST_ONLY, places) && caller.fleetId !== HOST_FLEET)
      throw this.denied(request, new ProblemError(403, "Forbidden", "This is for the host of the installation alone."));
    if (caller.selector) await this.requireScope(caller.selector, request, places);
    return true;
  }

  private requireOwnPage(request: AuditedRequest): void {
    if (roleByMethod(request) === "viewer") return;
    try {
      refuseForgery(request.headers, request.host);
    } catch (error) {
      throw this.denied(request, error as ProblemError);
    }
  }

  private async requireScope(selector: Selector, request: AuditedRequest, places: Places): Promise<void> {
    const mindsScope = this.reflector.getAllAndOverride<boolean | undefined>(MINDS_SCOPE, places) === true;
    await this.scope.require(selector, request, mindsScope).catch((error: unknown) => {
      throw error instanceof ProblemError ? this.denied(request, error) : error;
    });
  }

  /** Looking without a credential is what every page does that was left open for too long: it is not noted. */
  private denied(request: AuditedRequest, problem: ProblemError): ProblemError {
    const { status, detail } = problem;
    if (request.caller || roleByMethod(request) !== "viewer")
      this.denials.note({
        ...deedOf(request),
        ...(request.caller && { fleetId: request.caller.fleetId }),
        ...{ request: undefined, status, detail },
      });
    return problem;
  }
}

/** For a route that says nothing: looking needs a viewer, everything else an operator. */
function roleByMethod({ method }: AuthenticatedRequest): Role {
  return method === "GET" || method === "HEAD" ? "viewer" : "operator";
}
