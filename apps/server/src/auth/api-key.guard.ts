import { type Role, ROLES } from "@mn316-fleet/contracts";
import { type CanActivate, type ExecutionContext, Injectable } from "@nestjs/common";
import { Reflector } from "@nestjs/core";
import { forbidden, unauthorized } from "../platform/problems/problem.error";
import { ApiKeysService } from "./api-keys.service";
import type { AuthenticatedRequest } from "./caller";
import { bearerCredential } from "./credentials";
import { IS_PUBLIC } from "./public";
import { REQUIRED_ROLE } from "./require-role";

/** Stands before every HTTP route: an API key is needed unless it is public, and a role at least as high as it asks. */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly keys: ApiKeysService,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    // Agents' sockets prove themselves with device tokens, which the gateway checks.
    if (context.getType() !== "http") return true;
    const places = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(IS_PUBLIC, places)) return true;
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const credential = bearerCredential(request.headers.authorization);
    const caller = credential === undefined ? undefined : await this.keys.verify(credential);
    if (!caller) throw unauthorized();
    const needed = this.reflector.getAllAndOverride<Role | undefined>(REQUIRED_ROLE, places) ?? roleByMethod(request);
    if (ROLES.indexOf(caller.role) < ROLES.indexOf(needed)) throw forbidden(needed);
    request.caller = caller;
    return true;
  }
}

/** For a route that says nothing: looking needs a viewer, everything else an operator. */
function roleByMethod({ method }: AuthenticatedRequest): Role {
  return method === "GET" || method === "HEAD" ? "viewer" : "operator";
}
