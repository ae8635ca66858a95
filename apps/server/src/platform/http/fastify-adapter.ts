import { FastifyAdapter } from "@nestjs/platform-fastify";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import type { Socket } from "node:net";
import { ProblemError } from "../problems/problem.error";
import type { Settings } from "../settings/settings";

const MAX_BODY_BYTES = 1024 * 1024;
const MEDIA_TYPE = "application/problem+json; charset=utf-8";

/** Fastify, with problem documents also for what never reaches a route. */
export function createFastifyAdapter({ trustedProxies }: Pick<Settings, "trustedProxies">): FastifyAdapter {
  return new FastifyAdapter({
    bodyLimit: MAX_BODY_BYTES,
    // An empty list trusts nobody; what such headers say is then only what a caller says.
    trustProxy: trustedProxies.length > 0 && [...trustedProxies],
    frameworkErrors: (_error: FastifyError, _request: FastifyRequest, reply: FastifyReply) => {
      const problem = new ProblemError(400, "Bad request", "The address is not validly percent-encoded.");
      void reply.status(400).type(MEDIA_TYPE).send(JSON.stringify(problem.toDocument()));
    },
    clientErrorHandler: (error, socket) => {
      answerRaw(socket, error.code === "HPE_HEADER_OVERFLOW" ? TOO_LARGE : NOT_HTTP);
    },
  });
}

const TOO_LARGE = new ProblemError(431, "Request header fields too large", "Address and headers exceed 16 KiB.");
const NOT_HTTP = new ProblemError(400, "Bad request", "The request is not valid HTTP.");

/** Node has given up on the connection: the answer goes straight to the socket. */
function answerRaw(socket: Socket, problem: ProblemError): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify(problem.toDocument());
  socket.end(
    [
      `HTTP/1.1 ${problem.status} ${problem.title}`,
      `Content-Type: ${MEDIA_TYPE}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      "Connection: close",
      "",
      body,
    ].join("\r\n"),
  );
}
