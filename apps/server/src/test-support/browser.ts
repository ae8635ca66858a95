import { CSRF_HEADER } from "@mn316-fleet/contracts";
import type { HttpAnswer } from "./test-app";

/** What a browser does with cookies and the page's own requests. */
export class Browser {
  /** The cookie as it is sent back. */
  cookie: string | undefined;

  constructor(private readonly url: string) {}

  async request(
    method: string,
    resource: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<HttpAnswer> {
    const response = await fetch(`${this.url}/api/v1/${resource}`, {
      method,
      headers: {
        [CSRF_HEADER]: "1",
        ...(this.cookie !== undefined && { cookie: this.cookie }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const [set] = response.headers.getSetCookie();
    if (set !== undefined) this.cookie = set.includes("Max-Age=0") ? undefined : set.split(";")[0];
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === "" ? undefined : JSON.parse(text) };
  }

  signIn(name: string, password: string): Promise<HttpAnswer> {
    return this.request("POST", "session", { name, password });
  }
}
