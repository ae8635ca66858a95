import type { WebSocket } from "ws";

/** In which a peer may answer, though its line be slow. */
const FAREWELL_MS = 2_000;

/**
 * Closes a WebSocket whose peer has proven nothing. The library would wait half a minute for its answer, and whoever sends none
 * would hold the socket for all of it.
 */
export function turnAway(socket: WebSocket, code: number, reason: string): void {
  socket.close(code, reason);
  const timer = setTimeout(() => {
    socket.terminate();
  }, FAREWELL_MS).unref();
  socket.once("close", () => {
    clearTimeout(timer);
  });
}
