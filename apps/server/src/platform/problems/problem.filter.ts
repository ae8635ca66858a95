import { type ArgumentsHost, Catch, type ExceptionFilter } from "@nestjs/common";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { isDatabaseAway } from "./database-away";
import { ProblemError } from "./problem.error";
import { httpStatus } from "./status-of";

const TITLES: Record<number, string> = {
  400: "Bad request",
  404: "Not found",
  405: "Method not allowed",
  413: "Content too large",
  415: "Unsupported media type",
  429: "Too many requests",
};

/** What Fastify says too tersely. */
const DETAILS: Record<number, string> = {
  413: "The body is too large: JSON may have 1 MiB, CSV 4 MiB.",
  415: "The body must be JSON: set Content-Type to application/json.",
};

/** Turns whatever was thrown into an RFC 9457 problem document; what is not meant for callers is only logged. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  /** @param allowed tells an address that does not know a method from one that does not exist */
  constructor(
    private readonly logger: Logger,
    private readonly allowed: { of(path: string): string[] },
  ) {}

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
    if (status === 404) return this.noRoute(request);
    if (status !== undefined && status < 500)
      return new ProblemError(status, TITLES[status] ?? "Request refused", DETAILS[status] ?? (error as Error).message);
    this.logger.error({ err: error, method: request.method, path: request.url.split("?")[0] }, "request failed");
    return new ProblemError(
      500,
      "Internal server error",
      "The request failed for a reason that is on us; it was logged.",
    );
  }

  private noRoute({ method, url }: FastifyRequest): ProblemError {
    const path = url.split("?")[0] ?? "";
    const methods = this.allowed.of(path);
    if (methods.length === 0) return new ProblemError(404, "Not found", `There is no ${method} ${path}.`);
    const allow = methods.join(", ");
    return new ProblemError(405, "Method not allowed", `${path} takes ${allow}.`, undefined, { Allow: allow });
  }
}
