import type { NestFastifyApplication } from "@nestjs/platform-fastify";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** How long a peer may take for a part of an exchange, in ms. */
export const PATIENCE = {
  /** Address and headers, from a connection's begin or the first byte of another request on it. */
  headersMs: 20_000,
  /** A whole request with its body: 4 MiB take so long at 280 kbit/s. */
  requestMs: 120_000,
  /** Between two signs that an answer is being read. */
  stalledMs: 60_000,
  /** How often Node looks for requests that are late. */
  lookEveryMs: 2_000,
} as const;

/**
 * Cuts connections whose peer reads nothing of what was written to it, and those that are open for nothing. An answer that
 * takes long to be made is not its reader's fault, and a WebSocket has heart-beats of its own.
 */
export function cutSlowReaders(app: NestFastifyApplication): void {
  const { server } = app.getHttpAdapter().getInstance();
  const answering = new WeakMap<Socket, number>();
  server.on("request", ({ socket }: IncomingMessage, response: ServerResponse) => {
    answering.set(socket, (answering.get(socket) ?? 0) + 1);
    response.once("close", () => answering.set(socket, (answering.get(socket) ?? 1) - 1));
  });
  server.setTimeout(PATIENCE.stalledMs);
  // With a listener it is ours to end what timed out, a connection that is kept alive for another request included.
  server.on("timeout", (socket: Socket) => {
    if (socket.writableLength > 0 || !answering.get(socket)) socket.destroy();
  });
}
