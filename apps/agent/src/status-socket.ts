import type { AgentStatus } from "@mn316-fleet/agent-core";
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import path from "node:path";

/** What a running agent tells of itself on this machine. */
export interface LocalStatus {
  pid: number;
  agent: AgentStatus;
  /** The last error of its log. */
  lastError?: { at: number; message: string };
}

/** What a socket's path may be long, in bytes, on the system that allows least. */
const MAX_SOCKET_PATH = 103;
const ANSWER_MS = 3_000;

/** Beside the data, where only its owner comes: a socket and no file, since a file written for years wears flash out. */
function addressOf(dataDir: string): string {
  const digest = createHash("sha256").update(path.resolve(dataDir)).digest("hex").slice(0, 16);
  if (process.platform === "win32") return `\\\\.\\pipe\\mn316-agent-${digest}`;
  return path.join(dataDir, "status.sock");
}

/**
 * Answers everyone who connects with one line of JSON.
 * @throws Error where the socket cannot be made
 */
export async function serveStatus(dataDir: string, status: () => LocalStatus | undefined): Promise<Server> {
  const address = addressOf(dataDir);
  if (Buffer.byteLength(address) > MAX_SOCKET_PATH) throw new Error(`${address} is too long for a socket`);
  if (process.platform !== "win32") await rm(address, { force: true }); // left behind by a kill
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.end(`${JSON.stringify(status() ?? null)}\n`);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(address, resolve);
  });
  server.unref();
  return server;
}

/** @throws Error where no agent runs on this folder */
export function readStatus(dataDir: string): Promise<LocalStatus> {
  return new Promise((resolve, reject) => {
    const socket = connect(addressOf(dataDir));
    let text = "";
    socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error("it does not answer")));
    socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
    socket.once("error", reject);
    socket.once("end", () => {
      const status = JSON.parse(text) as LocalStatus | null;
      if (status) resolve(status);
      else reject(new Error("it is just starting"));
    });
  });
}
