import type { ServerResponse } from "node:http";

/** A reader that takes nothing for so long is cut off, in ms. */
export const STALLED_AFTER_MS = 60_000;

/**
 * Calls back once when there is something for the reader and none of it was taken for a while; a query that takes long is
 * not the reader's fault.
 * @returns ends the watch
 */
export function watchForStall(response: ServerResponse, afterMs: number, onStall: () => void): () => void {
  let takenBytes = 0;
  let looksWithout = 0;
  const looks = 4;
  const timer = setInterval(() => {
    const { socket } = response;
    const now = socket ? socket.bytesWritten - socket.writableLength : 0;
    const isWaiting = response.writableLength > 0 && now === takenBytes;
    looksWithout = isWaiting ? looksWithout + 1 : 0;
    takenBytes = now;
    if (looksWithout < looks) return;
    clearInterval(timer);
    onStall();
  }, afterMs / looks).unref();
  return () => {
    clearInterval(timer);
  };
}
