import { FastifyAdapter } from "@nestjs/platform-fastify";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { ProblemError } from "../problems/problem.error";
import type { Settings } from "../settings/settings";
import { readTls } from "../tls/tls-files";
import { answerRaw, PROBLEM_TYPE } from "./raw-answer";
import { PATIENCE } from "./slow-peers";

const MAX_BODY_BYTES = 1024 * 1024;
/** Whoever has not finished its handshake by then is cut off. */
const HANDSHAKE_MS = 15_000;
const TIMES = { headersTimeout: PATIENCE.headersMs, connectionsCheckingInterval: PATIENCE.lookEveryMs };

/**
 * Fastify, over TLS where there is a certificate, with problem documents also for what never reaches a route.
 * @throws SettingsError where a file of TLS cannot be used
 */
export function createFastifyAdapter({
  trustedProxies,
  tls,
}: Pick<Settings, "trustedProxies" | "tls">): FastifyAdapter {
  const material = readTls(tls);
  return new FastifyAdapter({
    http: TIMES,
    ...(material && {
      https: {
        ...TIMES,
        ...material,
        minVersion: "TLSv1.2" as const,
        handshakeTimeout: HANDSHAKE_MS,
        // Agents may show a certificate; browsers and programs have none. Which one counts is looked at where it matters.
        requestCert: material.ca !== undefined,
        rejectUnauthorized: false,
      },
    }),
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: PATIENCE.requestMs,
    // An empty list trusts nobody; what such headers say is then only what a caller says.
    trustProxy: trustedProxies.length > 0 && [...trustedProxies],
    frameworkErrors: (_error: FastifyError, _request: FastifyRequest, reply: FastifyReply) => {
      const problem = new ProblemError(400, "Bad request", "The address is not validly percent-encoded.");
      void reply.status(400).type(PROBLEM_TYPE).send(JSON.stringify(problem.toDocument()));
    },
    clientErrorHandler: (error, socket) => {
      answerRaw(socket, PROBLEMS[error.code] ?? NOT_HTTP);
    },
  });
}

const NOT_HTTP = new ProblemError(400, "Bad request", "The request is not valid HTTP.");
/** What Node ends a connection for, by the code of its error. */
const PROBLEMS: Record<string, ProblemError> = {
  HPE_HEADER_OVERFLOW: new ProblemError(431, "Request header fields too large", "Address and headers exceed 16 KiB."),
  ERR_HTTP_REQUEST_TIMEOUT: new ProblemError(408, "Request timeout", "The request did not come as a whole in time."),
};
