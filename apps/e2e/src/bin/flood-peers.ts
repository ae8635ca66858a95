/**
 * The devices that flood in the benchmark `flood`, in a process of their own: `flood-peers KIND URL` floods with one device for
 * each line of its standard input, which is the device's token, from an empty line on until it is ended.
 */
import { DEFAULT_LIMITS, MAX_FRAME_BYTES, SUBPROTOCOL } from "@mn316-fleet/protocol";
import { once } from "node:events";
import { setPriority } from "node:os";
import readline from "node:readline";
import { WebSocket } from "ws";
import { eventText } from "../bench/event-stream";

/** One less than a full frame, so that it looks like news and not like a backlog. */
const BATCH = DEFAULT_LIMITS.batch - 1;
/** What may wait in a socket: the flood is as fast as the server takes it, and no faster. */
const MAX_BUFFERED_BYTES = 1024 * 1024;
/** Connections that one device opens at once in a storm. */
const AT_ONCE = 20;
/** As large as a frame may be, and wrong at its very end. */
const GARBAGE = `{"type":"events","epoch":1,"events":[${'{"seq":1,"at":1,"kind":"ping"},'.repeat(999)}{}]}`.padEnd(
  MAX_FRAME_BYTES,
);

const FLOODS: Record<string, (token: string) => Promise<void>> = {
  batches: async (token) => {
    const epoch = Date.now(); // what a former connection left open is of another outbox
    const socket = await greeted(token, epoch);
    for (let seq = 1; socket.readyState === WebSocket.OPEN; seq += BATCH) {
      const startedAt = Date.now() - seq * 250; // all of it is now
      const events = Array.from({ length: BATCH }, (_, index) => eventText(startedAt, seq + index));
      await sent(socket, `{"type":"events","epoch":${epoch},"events":[${events.join(",")}]}`);
    }
  },
  garbage: async (token) => {
    const socket = await greeted(token, 1);
    while (socket.readyState === WebSocket.OPEN) await sent(socket, GARBAGE);
  },
  reconnects: async (token) => {
    await Promise.all(Array.from({ length: AT_ONCE }, () => greeted(token, 1).then((socket) => socket.terminate())));
  },
};

const [kind = "", url = ""] = process.argv.slice(2);
const flood = FLOODS[kind];
if (!flood) throw new RangeError(`there is no flood "${kind}"`);
setPriority(19); // the flood comes from elsewhere: it must not take the server's processor
const tokens: string[] = [];
for await (const line of readline.createInterface({ input: process.stdin })) {
  if (line === "") break;
  tokens.push(line);
}
process.stdout.write("flooding\n");
await Promise.all(tokens.map((token) => forever(() => flood(token))));

async function forever(work: () => Promise<void>): Promise<never> {
  for (;;) await work();
}

/** A connection on which the server has said something, or which it has closed. */
async function greeted(token: string, epoch: number): Promise<WebSocket> {
  const headers = { authorization: `Bearer ${token}` };
  const socket = new WebSocket(`${url.replace("http", "ws")}/agent`, SUBPROTOCOL, { headers });
  socket.on("error", () => undefined); // told by close
  socket.on("open", () => {
    const reported = { version: 0, config: null };
    const hello = { type: "hello", agent: "flood", epoch, resumeFrom: 1, module: {}, reported, clock: Date.now() };
    socket.send(JSON.stringify(hello));
  });
  await Promise.race([once(socket, "message"), once(socket, "close")]);
  return socket;
}

/** Resolves when the socket has room again; one that is closed has none to wait for. */
async function sent(socket: WebSocket, frame: string): Promise<void> {
  await new Promise((resolve) => {
    socket.send(frame, resolve);
    if (socket.bufferedAmount < MAX_BUFFERED_BYTES) setImmediate(resolve);
  });
}
