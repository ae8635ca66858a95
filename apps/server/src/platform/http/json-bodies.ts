import type { NestFastifyApplication } from "@nestjs/platform-fastify";
import { ProblemError } from "../problems/problem.error";

const TYPES = ["application/json", "application/merge-patch+json"];
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Bodies are JSON in UTF-8, unless a route says otherwise; names that would reach an object's prototype are refused. */
export function readJsonBodies(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  const parse = fastify.getDefaultJsonParser("error", "error");
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(TYPES, { parseAs: "buffer" }, (request, body: Buffer, done) => {
    if (body.length === 0) {
      done(null, undefined);
      return;
    }
    let text: string;
    try {
      text = decodeBody(body);
    } catch (error) {
      done(error as ProblemError);
      return;
    }
    void parse(request, text, (error, value) => {
      done(
        error && badRequest("The body is not valid JSON, or it holds `__proto__` or `constructor.prototype`."),
        value,
      );
    });
  });
}

/** @throws 400 where a body is not UTF-8 */
export function decodeBody(body: Buffer): string {
  try {
    return utf8.decode(body);
  } catch {
    throw badRequest("The body is not valid UTF-8.");
  }
}

const badRequest = (detail: string) => new ProblemError(400, "Bad request", detail);
