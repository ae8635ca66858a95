import type { NestFastifyApplication } from "@nestjs/platform-fastify";
import { ProblemError } from "../problems/problem.error";

const TYPES = ["application/json", "application/merge-patch+json"];
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Bodies are JSON in UTF-8 and nothing else; names that would reach an object's prototype are refused. */
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
      text = utf8.decode(body);
    } catch {
      done(badRequest("The body is not valid UTF-8."));
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

const badRequest = (detail: string) => new ProblemError(400, "Bad request", detail);
