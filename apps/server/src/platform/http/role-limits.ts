import type { NestFastifyApplication } from "@nestjs/platform-fastify";
import { ProblemError } from "../problems/problem.error";
import type { Settings } from "../settings/settings";

const FOR_ORCHESTRATORS = /^\/(health\/|metrics$)/;
const FOR_AGENTS = "/agent/";

/** A process without the role `api` serves orchestrators, and agents if it is their gateway; all others must ask elsewhere. */
export function limitToRoles(app: NestFastifyApplication, { roles }: Pick<Settings, "roles">): void {
  if (roles.has("api")) return;
  app
    .getHttpAdapter()
    .getInstance()
    .addHook("onRequest", (request, _reply, done) => {
      const path = request.url.split("?")[0] ?? "";
      const isServed = FOR_ORCHESTRATORS.test(path) || (roles.has("gateway") && path.startsWith(FOR_AGENTS));
      if (isServed) done();
      else done(new ProblemError(404, "Not found", "This process serves no API: its FLEET_ROLES leave it out."));
    });
}
