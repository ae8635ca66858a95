import { CSRF_HEADER, problemSchema } from "@mn316-fleet/contracts";
import type { z } from "zod";
import { ProblemResponseError, UnreachableError } from "../errors";
import { defaultRetryPolicy, readRetryAfter, type RetryPolicy, withRetries } from "./retry";

export interface ClientOptions {
  /** `http://host:port`; empty for the page's own origin. */
  baseUrl: string;
  /** An API key; without one, the session of a person who signed in on this page. */
  key?: string | undefined;
  /** Further attempts of a request that may be repeated, 2 unless given; 0 leaves trying again to the caller. */
  retries?: number;
  /** Other ways to send, to wait and to scatter; the platform's own unless given. */
  fetch?: typeof fetch;
  pause?: RetryPolicy["pause"];
  random?: RetryPolicy["random"];
}

export interface Request {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  query?: object | undefined;
  /** Sent as JSON. */
  body?: unknown;
  /** A table instead of a body, as CSV. */
  csv?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  /** false: once, for a caller that tries again by itself. */
  isRetried?: boolean;
}

/** Sends requests with the key, or the browser's cookie, again where that is harmless and may help, and reads answers by their schema. */
export class Transport {
  private readonly policy: RetryPolicy;
  private readonly baseUrl: string;

  constructor(private readonly options: ClientOptions) {
    const { baseUrl, retries, pause, random } = options;
    this.baseUrl = baseUrl.replace(/\/+$/, "");
    this.policy = {
      retries: retries ?? defaultRetryPolicy.retries,
      pause: pause ?? defaultRetryPolicy.pause,
      random: random ?? defaultRetryPolicy.random,
    };
  }

  /**
   * @param path below `/api/v1/`
   * @throws ProblemResponseError for an answer that is no success, UnreachableError for none, the signal's reason
   */
  async request<T>(schema: z.ZodType<T>, path: string, request: Request = {}): Promise<T> {
    return this.repeating(request, async () => {
      const response = await this.send(path, request);
      return schema.parse(response.status === 204 ? undefined : await readJson(response));
    });
  }

  /**
   * An answer whose body is read by the caller: one that does not end by itself, or is no JSON.
   * @throws as `request`
   */
  stream(path: string, request: Request = {}): Promise<Response> {
    return this.repeating(request, () => this.send(path, request));
  }

  /** Where a WebSocket of the server is. @param path from its root */
  socketUrl(path: string): string {
    const page = globalThis as { location?: { origin: string } };
    return (this.baseUrl || (page.location?.origin ?? "")).replace(/^http/, "ws") + path;
  }

  get key(): string | undefined {
    return this.options.key;
  }

  private repeating<T>(request: Request, attempt: () => Promise<T>): Promise<T> {
    if (request.isRetried === false) return attempt();
    return withRetries(this.policy, isRepeatable(request), attempt, request.signal);
  }

  private async send(path: string, request: Request): Promise<Response> {
    const { method = "GET", query, headers, signal } = request;
    const { key, fetch: send = fetch } = this.options;
    const content = contentOf(request);
    const init: RequestInit = {
      method,
      headers: {
        ...(key === undefined ? { [CSRF_HEADER]: "1" } : { authorization: `Bearer ${key}` }),
        ...(content && { "content-type": content.type }),
        ...headers,
      },
      ...(content && { body: content.text }),
      ...(signal && { signal }),
    };
    const response = await send(`${this.baseUrl}/api/v1/${path}${toQueryString(query)}`, init).catch(
      (error: unknown) => {
        throw signal?.aborted ? error : new UnreachableError(error);
      },
    );
    if (response.ok) return response;
    throw await problemOf(response);
  }
}

function contentOf({ body, csv }: Request): { type: string; text: string } | undefined {
  if (csv !== undefined) return { type: "text/csv", text: csv };
  return body === undefined ? undefined : { type: "application/json", text: JSON.stringify(body) };
}

/** A conditional write that is repeated would meet its own version; POST, PATCH and DELETE do or answer something else. */
function isRepeatable({ method = "GET", headers = {} }: Request): boolean {
  return method === "GET" || (method === "PUT" && !("if-match" in headers)) || "idempotency-key" in headers;
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (error) {
    if (error instanceof SyntaxError) throw error;
    throw new UnreachableError(error); // the connection broke within the answer
  }
}

async function problemOf(response: Response): Promise<ProblemResponseError> {
  const { status, statusText, headers } = response;
  const problem = problemSchema.safeParse(await response.json().catch(() => undefined));
  const text = statusText || `HTTP status ${status}`;
  return new ProblemResponseError(
    problem.success ? problem.data : { type: "about:blank", title: text, status, detail: text },
    readRetryAfter(headers.get("retry-after"), Date.now()),
  );
}

function toQueryString(query: object | undefined): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {}))
    if (value !== undefined && value !== "") parameters.set(name, String(value));
  const text = parameters.toString();
  return text && `?${text}`;
}
