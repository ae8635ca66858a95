import { parseCookie, stringifySetCookie } from "cookie";

const NAME = "fleet_session";
/** Browsers take a cookie of this name only over TLS, for this host alone. */
const NAME_OVER_TLS = `__Host-${NAME}`;

/** Whether the browser reaches us over TLS, which ends at a proxy that is trusted to say so. */
export const isOverTls = ({ protocol }: { protocol: string }) => protocol === "https";

/** The session's secret that a browser sent along. */
export function sessionIn(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const cookies = parseCookie(header);
  return cookies[NAME_OVER_TLS] ?? cookies[NAME];
}

/**
 * Gives a browser the secret, out of reach of scripts and of requests from other sites.
 * @param secret undefined takes it away
 */
export function sessionCookie(secret: string | undefined, isOverTls: boolean): string {
  return stringifySetCookie({
    name: isOverTls ? NAME_OVER_TLS : NAME,
    value: secret ?? "",
    path: "/",
    httpOnly: true,
    sameSite: "strict",
    secure: isOverTls,
    ...(secret === undefined && { maxAge: 0 }),
  });
}
