import type { NestFastifyApplication } from "@nestjs/platform-fastify";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { Server as TlsServer } from "node:tls";

/**
 * Lets the server stop while connections are open on which nothing was ever asked, as browsers and `fetch` make them ahead:
 * to Node they are not idle, and closing would wait for their first request.
 */
export function closeUnusedConnections(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  const unused = new Set<Socket>();
  const isUsed = ({ socket }: IncomingMessage) => void unused.delete(socket);
  // Over TLS, requests come by another socket than the one that was connected.
  const event = fastify.server instanceof TlsServer ? "secureConnection" : "connection";
  fastify.server.on(event, (socket: Socket) => {
    unused.add(socket);
    socket.once("close", () => unused.delete(socket));
  });
  fastify.server.on("request", isUsed).on("upgrade", isUsed);
  fastify.addHook("preClose", (done) => {
    for (const socket of unused) socket.destroy();
    done();
  });
}
