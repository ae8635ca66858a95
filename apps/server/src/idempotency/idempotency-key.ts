import { createParamDecorator, type ExecutionContext } from "@nestjs/common";
import { ApiHeader } from "@nestjs/swagger";
import type { AuthenticatedRequest } from "../auth/caller";
import { invalid } from "../platform/problems/problem.error";

const HEADER = "Idempotency-Key";
const KEY = /^[\x21-\x7e]{1,255}$/;

/** The key of a request that may come again, and whose it is: keys of different callers have nothing to do with each other. */
export interface RequestKey {
  callerId: string;
  /** That of the caller; where none is named, of whom this is done on behalf of. */
  fleetId?: number;
  /** undefined where the caller sent none: then every request counts. */
  key: string | undefined;
}

/** Of what is made without a request of its own. */
export const NO_KEY: RequestKey = { callerId: "", key: undefined };

/**
 * Documents that a route takes `Idempotency-Key`.
 * @param repeat what a request that comes again is answered with
 */
export const TakesIdempotencyKey = (repeat: string) =>
  ApiHeader({
    name: HEADER,
    required: false,
    schema: { type: "string", pattern: KEY.source },
    description: `The same request with the same key within 24 hours makes nothing more: a repeat is answered with ${repeat}. Another request with that key is 422.`,
  });

/** What a repeat is answered with where the first answer showed a secret that nothing keeps. */
export const ALREADY_SHOWN = "409 and the id of what was made, without its secret";

/** The request's key, as `Idempotency.once` takes it. */
export const CurrentRequestKey = createParamDecorator((_data: unknown, context: ExecutionContext): RequestKey => {
  const { caller, headers } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (!caller) throw new Error("A public route has no caller, so its requests have no key.");
  return { callerId: caller.id, fleetId: caller.fleetId, key: readIdempotencyKey(headers["idempotency-key"]) };
});

/** @throws 422 naming the header where it is malformed */
function readIdempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined || (typeof header === "string" && KEY.test(header))) return header;
  const message = "must be 1 to 255 printable characters without spaces";
  throw invalid([{ path: HEADER, rule: "format", message }]);
}
