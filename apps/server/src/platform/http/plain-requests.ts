import type { NestFastifyApplication } from "@nestjs/platform-fastify";
import type { FastifyRequest } from "fastify";
import { ProblemError } from "../problems/problem.error";

/** Refuses what two readers of the same request could read differently, and what is larger than it seems. */
export function refuseOddRequests(app: NestFastifyApplication): void {
  app
    .getHttpAdapter()
    .getInstance()
    .addHook("onRequest", (request, _reply, done) => {
      done(faultOf(request));
    });
}

function faultOf({ raw, headers }: FastifyRequest): ProblemError | undefined {
  const hosts = raw.rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === "host");
  // Node takes the first; a proxy may have decided by the last (RFC 9112 §3.2).
  if (hosts.length > 1) return new ProblemError(400, "Bad request", "The request has more than one Host.");
  const encoding = headers["content-encoding"];
  if (encoding === undefined || encoding.toLowerCase() === "identity") return undefined;
  return new ProblemError(415, "Unsupported media type", "The body must not be compressed.", undefined, {
    "Accept-Encoding": "identity",
  });
}
