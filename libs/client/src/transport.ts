import { problemSchema } from "@mn316-fleet/contracts";
import type { z } from "zod";
import { ProblemResponseError, UnreachableError } from "./problem-response.error";

export interface ClientOptions {
  /** `http://host:port`; empty for the page's own origin. */
  baseUrl: string;
  /** An API key. */
  key: string;
}

export interface Request {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  query?: object | undefined;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

/** Sends requests with the key and reads answers by their schema. */
export class Transport {
  constructor(private readonly options: ClientOptions) {}

  /**
   * @param path below `/api/v1/`
   * @throws ProblemResponseError for an answer that is no success, UnreachableError for none
   */
  async request<T>(schema: z.ZodType<T>, path: string, request: Request = {}): Promise<T> {
    const response = await this.send(path, request);
    const answer: unknown = response.status === 204 ? undefined : await response.json().catch(() => undefined);
    if (response.ok) return schema.parse(answer);
    throw problemOf(response, answer);
  }

  /**
   * The body of an answer that does not end by itself.
   * @throws ProblemResponseError for an answer that is no success, UnreachableError for none
   */
  async stream(path: string, request: Request = {}): Promise<ReadableStream<Uint8Array>> {
    const response = await this.send(path, request);
    if (response.ok && response.body) return response.body;
    throw problemOf(response, await response.json().catch(() => undefined));
  }

  private send(path: string, { method = "GET", query, body, headers, signal }: Request): Promise<Response> {
    const url = `${this.options.baseUrl}/api/v1/${path}${toQueryString(query)}`;
    const init: RequestInit = {
      method,
      headers: {
        authorization: `Bearer ${this.options.key}`,
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    };
    return fetch(url, init).catch((error: unknown) => {
      throw new UnreachableError(error);
    });
  }
}

function problemOf({ status, statusText }: Response, answer: unknown): ProblemResponseError {
  const problem = problemSchema.safeParse(answer);
  return new ProblemResponseError(
    problem.success ? problem.data : { type: "about:blank", title: statusText, status, detail: statusText },
  );
}

function toQueryString(query: object | undefined): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {}))
    if (value !== undefined && value !== "") parameters.set(name, String(value));
  const text = parameters.toString();
  return text && `?${text}`;
}
