import type { NestFastifyApplication } from "@nestjs/platform-fastify";
import { FleetScope } from "../database/fleet-scope";

const scopes = new WeakMap<object, FleetScope>();

/** Puts every request into a scope of its own, in which the database refuses it until the guard has admitted its caller. */
export function scopeRequests(app: NestFastifyApplication): void {
  app
    .getHttpAdapter()
    .getInstance()
    .addHook("onRequest", (request, _reply, done) => {
      const scope = FleetScope.ofRequest();
      scopes.set(request, scope);
      scope.run(done);
    })
    // A body is read on behalf of its socket: what comes behind it is the request's again.
    .addHook("preValidation", (request, _reply, done) => {
      scopeOf(request).run(done);
    });
}

/** @throws Error for what is no request of this server */
export function scopeOf(request: object): FleetScope {
  const scope = scopes.get(request);
  if (!scope) throw new Error("This request never came through scopeRequests");
  return scope;
}
