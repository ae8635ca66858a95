import { WsAdapter } from "@nestjs/platform-ws";
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket, WebSocketServer } from "ws";
import { answerRaw } from "../platform/http/raw-answer";
import { ProblemError } from "../platform/problems/problem.error";

/** WebSockets as the gateways want them, on the port of the API. */
export class AgentWsAdapter extends WsAdapter {
  private readonly upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const path = request.url?.split("?")[0] ?? "";
    const servers = (this.wsServersRegistry.get(0) ?? []) as (WebSocketServer & { path: string })[];
    const server = servers.find((candidate) => candidate.path === path);
    if (server)
      server.handleUpgrade(request, socket, head, (accepted: WebSocket) =>
        server.emit("connection", accepted, request),
      );
    else answerRaw(socket, new ProblemError(404, "Not found", "There is no WebSocket at this address."));
  };

  /** Nest's own path through RxJS costs more than half of what a socket can take: the gateways read from it themselves. */
  override bindMessageHandlers(): void {
    // They do so in `handleConnection`.
  }

  /** What peers send that is no WebSocket ends their connection; told as errors it would let them fill the log. */
  override bindErrorHandler(server: WebSocketServer): WebSocketServer {
    server.on("connection", (socket) => socket.on("error", () => undefined)); // told by close
    server.on("error", (error) => {
      this.logger.error(error);
    });
    return server;
  }

  /** Nest's own listener cuts whoever asks for a path that has no WebSocket, without a word. */
  protected override ensureHttpServerExists(port: number, httpServer?: Server): Server | undefined {
    if (!httpServer || this.httpServersRegistry.has(port)) return undefined;
    this.httpServersRegistry.set(port, httpServer);
    httpServer.on("upgrade", this.upgrade);
    return httpServer;
  }

  override async dispose(): Promise<void> {
    const httpServer = this.httpServersRegistry.get(0) as Server | undefined;
    httpServer?.off("upgrade", this.upgrade);
    await super.dispose();
  }
}
