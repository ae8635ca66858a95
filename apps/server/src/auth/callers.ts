import { CSRF_HEADER } from "@mn316-fleet/contracts";
import { Injectable } from "@nestjs/common";
import { asSystem } from "../platform/database/fleet-scope";
import { ProblemError } from "../platform/problems/problem.error";
import { ApiKeysService } from "./api-keys.service";
import type { Caller } from "./caller";
import { bearerCredential } from "./credentials";
import { sessionIn } from "./session-cookie";
import { UserSessions, type VerifiedSession } from "./user-sessions";

/** What tells who is there. */
export interface Credentials {
  authorization?: string | undefined;
  cookie?: string | undefined;
}

/** Finds who is there: by an API key, or by the session of a browser where no key is shown. */
@Injectable()
export class Callers {
  constructor(
    private readonly keys: ApiKeysService,
    private readonly sessions: UserSessions,
  ) {}

  /** @returns undefined for credentials that are missing or no longer good; which of them is nobody's business */
  verify({ authorization, cookie }: Credentials): Promise<VerifiedSession | undefined> {
    return asSystem(async () => {
      if (authorization !== undefined) {
        const key = bearerCredential(authorization);
        const caller = key === undefined ? undefined : await this.keys.verify(key);
        return caller && { caller };
      }
      const secret = sessionIn(cookie);
      return secret === undefined ? undefined : this.sessions.verify(secret);
    });
  }

  /** The same caller as it may act now; undefined once its key or session is gone. */
  again({ id, session }: Caller): Promise<Caller | undefined> {
    return asSystem(() => (session ? this.sessions.find(session.id) : this.keys.find(id)));
  }
}

/** The headers by which a browser tells what a request comes from. */
export interface BrowserHeaders {
  host?: string | undefined;
  origin?: string | undefined;
  "sec-fetch-site"?: string | string[] | undefined;
  [CSRF_HEADER]?: string | string[] | undefined;
}

/** Whether a browser, if it is one, says that the request comes from a page of this server. */
export function isSameOrigin(headers: BrowserHeaders, host: string | undefined): boolean {
  const site = headers["sec-fetch-site"];
  // Newer browsers say it themselves, whatever name a proxy gives this server.
  if (site !== undefined) return site === "same-origin";
  const { origin } = headers;
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host);
}

/**
 * Browsers send cookies whatever page asks for it. So what changes something needs a header that only our pages can send.
 * @throws 403 where the request may be another site's
 */
export function refuseForgery(headers: BrowserHeaders, host: string | undefined): void {
  if (headers[CSRF_HEADER] !== undefined && isSameOrigin(headers, host)) return;
  const detail = `A request that changes something with a cookie must come from this server's own page and carry ${CSRF_HEADER}.`;
  throw new ProblemError(403, "Forbidden", detail);
}
