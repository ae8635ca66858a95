import { type NestFastifyApplication, RouteConfig } from "@nestjs/platform-fastify";
import type { FastifyRequest } from "fastify";
import { ProblemError } from "../problems/problem.error";
import { decodeBody } from "./json-bodies";

interface TakesCsvConfig {
  takesCsv?: boolean;
}

export const MAX_CSV_BYTES = 4 * 1024 * 1024;

/** The body of this route is CSV in UTF-8, and nothing else. */
export const TakesCsv = () => RouteConfig({ takesCsv: true } satisfies TakesCsvConfig);

/** Lets routes take CSV that say so: they get its text. Every other route refuses it, and they refuse everything else. */
export function readCsvBodies(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addContentTypeParser(
    "text/csv",
    { parseAs: "buffer", bodyLimit: MAX_CSV_BYTES },
    (_request, body: Buffer, done) => {
      try {
        done(null, decodeBody(body));
      } catch (error) {
        done(error as ProblemError);
      }
    },
  );
  fastify.addHook("preParsing", (request, _reply, _payload, done) => {
    const type = request.headers["content-type"];
    const isCsv = type !== undefined && /^text\/csv\b/i.test(type);
    if (isCsv === takesCsv(request)) done();
    else done(unsupported(takesCsv(request)));
  });
}

function takesCsv(request: FastifyRequest): boolean {
  return (request.routeOptions.config as TakesCsvConfig | undefined)?.takesCsv === true;
}

function unsupported(wantsCsv: boolean): ProblemError {
  const detail = wantsCsv
    ? "The body must be CSV: set Content-Type to text/csv."
    : "The body must be JSON: set Content-Type to application/json.";
  return new ProblemError(415, "Unsupported media type", detail);
}
