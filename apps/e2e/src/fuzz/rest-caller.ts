import { problemSchema } from "@mn316-fleet/contracts";
import { Agent, type IncomingHttpHeaders, request } from "node:http";

/** A body beyond this is not read to its end: a stream, or a file. */
const MOST_BYTES = 2 * 1024 * 1024;
const ANSWER_WITHIN_MS = 20_000;
/** What would be a word of the inside: of a stack, of SQL, of a driver. */
const INSIDE = /node_modules|\bat [\w.<>]+ \(|\bSELECT\b.*\bFROM\b|syntax error at|violates|ECONN|\/src\//;

export interface RestAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  /** Undefined where it is no JSON, or was not read to its end. */
  body: unknown;
}

/** Asks as anybody could with a socket: paths and bodies go as they are given. */
export class RestCaller {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 4 });

  constructor(
    private readonly url: string,
    private readonly key: string,
  ) {}

  /**
   * @param path with its query, already escaped
   * @throws Error where the answer is none that a caller may get: of status 500 or more, or an error that is no problem
   *   document, names no field where it is about fields, or tells of the inside
   */
  async ask(method: string, path: string, body?: string | Buffer, type = "application/json"): Promise<RestAnswer> {
    for (;;) {
      const answer = await this.send(method, path, body, type);
      if (answer.status === 429 && answer.headers["retry-after"] !== undefined) {
        await new Promise((resolve) => setTimeout(resolve, Number(answer.headers["retry-after"]) * 1_000));
        continue;
      }
      judge(answer, method === "HEAD");
      return answer;
    }
  }

  close(): void {
    this.agent.destroy();
  }

  private send(method: string, path: string, body: string | Buffer | undefined, type: string): Promise<RestAnswer> {
    return new Promise((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${this.key}`,
        ...(body !== undefined && { "content-type": type, "content-length": Buffer.byteLength(body) }),
      };
      const outgoing = request(`${this.url}/`, { method, path, headers, agent: this.agent, timeout: ANSWER_WITHIN_MS });
      outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer within ${ANSWER_WITHIN_MS / 1_000} s`)));
      outgoing.on("error", reject).end(body);
      outgoing.on("response", (incoming) => {
        const { statusCode: status = 0, headers: received } = incoming;
        const finish = (text?: string) => {
          outgoing.off("error", reject).on("error", () => undefined);
          resolve({ status, headers: received, body: text === undefined ? undefined : parsed(text) });
        };
        // A stream of events has no end.
        if (received["content-type"]?.startsWith("text/event-stream")) {
          finish();
          outgoing.destroy();
          return;
        }
        let text = "";
        incoming.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
          if (text.length > MOST_BYTES) {
            finish();
            outgoing.destroy();
          }
        });
        incoming.on("end", () => {
          finish(text);
        });
      });
    });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function judge({ status, headers, body }: RestAnswer, isHead: boolean): void {
  const text = body === undefined ? "" : JSON.stringify(body);
  const refuse = (what: string): never => {
    throw new Error(`${what}: ${status} ${text.slice(0, 1_000)}`);
  };
  if (status < 200 || status >= 500) refuse("no such status may be answered");
  if (status < 400 || isHead) return;
  if (!headers["content-type"]?.startsWith("application/problem+json")) refuse("an error is a problem document");
  const problem = problemSchema.loose().safeParse(body);
  if (problem.data?.status !== status) refuse("an error is a problem document of its own status");
  if (status === 422 && !problem.data?.errors?.length) refuse("what is wrong with fields is told by field");
  if (INSIDE.test(text)) refuse("nobody is told of the inside");
}
