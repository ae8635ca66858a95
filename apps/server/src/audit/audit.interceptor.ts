import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from "@nestjs/common";
import type { FastifyReply } from "fastify";
import { catchError, concatMap, type Observable } from "rxjs";
import { statusOf } from "../platform/problems/status-of";
import { AuditTrail } from "./audit-trail";
import { type AuditedRequest, deedOf } from "./request-deed";

const LOOKS = new Set(["GET", "HEAD"]);

/**
 * Puts an entry around every request that may change something: its beginning before the handler runs, its outcome behind it.
 * Routes without a caller, where agents enrol and people sign in, note what happens themselves.
 */
@Injectable()
export class AuditInterceptor implements NestInterceptor {
  constructor(private readonly trail: AuditTrail) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    if (context.getType() !== "http") return next.handle();
    const request = context.switchToHttp().getRequest<AuditedRequest>();
    if (LOOKS.has(request.method) || !request.caller) return next.handle();
    const deed = deedOf(request);
    const entry = await this.trail.begin(deed);
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return this.trail
      .within(entry, () => next.handle())
      .pipe(
        concatMap(async (answer: unknown) => {
          const resource = createdResource(deed.resource, answer);
          await this.trail.end(entry, { status: reply.statusCode, after: answer, resource });
          return answer;
        }),
        catchError(async (error: unknown) => {
          const status = statusOf(error);
          await this.trail.end(entry, { status, detail: status < 500 ? (error as Error).message : undefined });
          throw error;
        }),
      );
  }
}

/** What was added to a collection is named by its id. */
function createdResource(resource: string | null | undefined, answer: unknown): string | undefined {
  if (!resource || resource.includes("/")) return undefined;
  const { id } = (answer ?? {}) as { id?: unknown };
  return typeof id === "string" ? `${resource}/${id}` : undefined;
}
