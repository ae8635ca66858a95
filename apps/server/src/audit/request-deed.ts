import { type AuthenticatedRequest, callerAsActor } from "../auth/caller";
import { type Deed, NOBODY } from "./audit-record";

const API = "/api/v1/";

/** What a request is of use for here; Fastify's. */
export interface AuditedRequest extends AuthenticatedRequest {
  ip: string;
  host: string;
  protocol: string;
  url: string;
  routeOptions: { url?: string | undefined };
  params: unknown;
  query: unknown;
  body?: unknown;
}

/** Says who asks for what, from a request. */
export function deedOf(request: AuditedRequest): Deed {
  const { method, url, routeOptions, ip, caller } = request;
  const route = (routeOptions.url ?? url.split("?")[0] ?? "").replaceAll(/:(\w+)/g, "{$1}");
  return {
    actor: caller ? callerAsActor(caller) : NOBODY,
    action: `${method} ${route}`,
    resource: resourceOf(route, request.params),
    address: ip,
    request: requestOf(request),
  };
}

/** `devices/<id>` for every address below a device, `devices` for all of them. */
function resourceOf(route: string, params: unknown): string | null {
  if (!route.startsWith(API)) return null;
  const collection = route.slice(API.length).split("/")[0] ?? "";
  const { id } = (params ?? {}) as { id?: string };
  return id === undefined ? collection : `${collection}/${id}`;
}

function requestOf({ query, body }: AuditedRequest): unknown {
  const hasQuery = typeof query === "object" && query !== null && Object.keys(query).length > 0;
  if (!hasQuery && body === undefined) return undefined;
  return { ...(hasQuery && { query }), ...(body !== undefined && { body }) };
}
