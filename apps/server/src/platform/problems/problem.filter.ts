import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from "@nestjs/common";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { isDatabaseAway } from "./database-away";
import { ProblemError } from "./problem.error";

const TITLES: Record<number, string> = {
  400: "Bad request",
  404: "Not found",
  405: "Method not allowed",
  413: "Content too large",
  415: "Unsupported media type",
  429: "Too many requests",
};

/** Turns whatever was thrown into an RFC 9457 problem document; what is not meant for callers is only logged. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (reply.sent || reply.raw.headersSent) return;
    const problem = this.toProblem(error, request);
    void reply
      .status(problem.status)
      .headers(problem.headers)
      .type("application/problem+json; charset=utf-8")
      .send(JSON.stringify(problem.toDocument()));
  }

  private toProblem(error: unknown, request: FastifyRequest): ProblemError {
    if (error instanceof ProblemError) return error;
    if (isDatabaseAway(error))
      return new ProblemError(
        503,
        "Service unavailable",
        "The database cannot be reached now. Try again later.",
        undefined,
        {
          "Retry-After": "5",
        },
      );
    const status = httpStatus(error);
    if (status !== undefined && status < 500) {
      const path = request.url.split("?")[0];
      const detail = status === 404 ? `There is no ${request.method} ${path}.` : (error as Error).message;
      return new ProblemError(status, TITLES[status] ?? "Request refused", detail);
    }
    this.logger.error({ err: error, method: request.method, path: request.url.split("?")[0] }, "request failed");
    return new ProblemError(
      500,
      "Internal server error",
      "The request failed for a reason that is on us; it was logged.",
    );
  }
}

/** The status of an error of Nest or Fastify; undefined for any other. */
function httpStatus(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  const { statusCode } = error as { statusCode?: unknown };
  return typeof statusCode === "number" ? statusCode : undefined;
}
