/**
 * The other sides of the benchmark `idle`, each a process of its own: `serve` is a bare WebSocket server, `connect URL` opens
 * a connection a line of its standard input, which is a device's token, and then keeps still.
 */
import { SUBPROTOCOL } from "@mn316-fleet/protocol";
import type { AddressInfo } from "node:net";
import readline from "node:readline";
import { WebSocket, WebSocketServer } from "ws";

/** Connections that are being opened at once. */
const OPENING = 64;

const [mode, url = ""] = process.argv.slice(2);
if (mode === "serve") serve();
else await connect();

function serve(): void {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
  server.on("connection", (socket) => socket.on("message", () => socket.send('{"type":"welcome"}')));
  server.on("listening", () => process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`));
}

async function connect(): Promise<void> {
  const tokens: string[] = [];
  for await (const line of readline.createInterface({ input: process.stdin })) {
    if (line === "") break;
    tokens.push(line);
  }
  const count = tokens.length;
  const next = async () => {
    for (let token = tokens.pop(); token !== undefined; token = tokens.pop()) await open(token);
  };
  await Promise.all(Array.from({ length: OPENING }, next));
  process.stdout.write(`${count}\n`);
}

async function open(token: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}` };
  const socket = new WebSocket(`${url.replace("http", "ws")}/agent`, SUBPROTOCOL, {
    headers,
    perMessageDeflate: false,
  });
  socket.on("close", (code) => {
    process.stderr.write(`a connection was closed with ${code}\n`);
    process.exit(1);
  });
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  const reported = { version: 0, config: null };
  const hello = { type: "hello", agent: "bench", epoch: 1, resumeFrom: 1, module: {}, reported, clock: Date.now() };
  socket.send(JSON.stringify(hello));
  await new Promise((resolve) => socket.once("message", resolve));
}
