import type { Role, Selector } from "@mn316-fleet/contracts";
import { createParamDecorator, type ExecutionContext } from "@nestjs/common";
import type { Actor } from "../audit/audit-record";
import type { BrowserHeaders, Credentials } from "./callers";

/** Who sent a request. */
export interface Caller {
  kind: "api-key" | "user";
  id: string;
  name: string;
  role: Role;
  /** The fleet that it belongs to; it sees no other one. */
  fleetId: number;
  /** The devices that it is limited to; null for the whole fleet. */
  selector: Selector | null;
  /** Of a person at a browser, and when it ends at the latest. */
  session?: { id: string; endsAt: Date };
}

/** What the guard leaves on a request. */
export interface AuthenticatedRequest {
  method: string;
  headers: Credentials & BrowserHeaders & { "idempotency-key"?: string | string[] };
  caller?: Caller;
}

/** A caller as the audit trail names it. */
export const callerAsActor = ({ kind, id, name, role }: Caller): Actor => ({ kind, id, name, role });

/** The caller of a route that is not public. */
export const CurrentCaller = createParamDecorator((_data: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (!caller) throw new Error("A public route has no caller: remove @Public() or @CurrentCaller().");
  return caller;
});
