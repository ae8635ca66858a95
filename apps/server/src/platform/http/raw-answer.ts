import type { Duplex } from "node:stream";
import type { ProblemError } from "../problems/problem.error";

export const PROBLEM_TYPE = "application/problem+json; charset=utf-8";

/** Answers on a bare socket, where no request was made of what came, and ends it. */
export function answerRaw(socket: Duplex, problem: ProblemError): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  socket.on("error", () => undefined); // whoever is gone need not be told
  const body = JSON.stringify(problem.toDocument());
  socket.end(
    [
      `HTTP/1.1 ${problem.status} ${problem.title}`,
      `Content-Type: ${PROBLEM_TYPE}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      "Connection: close",
      "",
      body,
    ].join("\r\n"),
  );
}
