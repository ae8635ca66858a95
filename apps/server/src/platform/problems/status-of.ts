import { HttpException } from "@nestjs/common";
import { isDatabaseAway } from "./database-away";
import { ProblemError } from "./problem.error";

/** The status that a caller hears of an error. */
export function statusOf(error: unknown): number {
  if (error instanceof ProblemError) return error.status;
  if (isDatabaseAway(error)) return 503;
  return httpStatus(error) ?? 500;
}

/** The status of an error of Nest or Fastify; undefined for any other. */
export function httpStatus(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  const { statusCode } = error as { statusCode?: unknown };
  return typeof statusCode === "number" ? statusCode : undefined;
}
