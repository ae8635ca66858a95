import { CLOSE, downFrameSchema, SUBPROTOCOL, upFrameSchema } from "@mn316-fleet/protocol";
import fc from "fast-check";
import { once } from "node:events";
import { WebSocket } from "ws";
import { z } from "zod";
import type { FuzzServer } from "../fuzz-server";
import { type FuzzTarget, tryInputs } from "../fuzz-target";
import { hostileValue, writtenAsJson } from "../input/hostile-values";
import { type JsonSchema, valuesOf } from "../input/json-schema";
import { nearly } from "../input/mutated";

const ANSWER_WITHIN_MS = 10_000;
/** What a server may say to a peer that breaks the rules; 1011 and 1013 would mean that it is the server that failed. */
const MAY_CLOSE_WITH = new Set<number>([1002, 1003, 1007, 1009, CLOSE.protocolError, CLOSE.superseded]);

/** Each item is wrong, and naming all of them would take seconds. */
const ENDLESS = [
  `{"type":"events","epoch":1,"events":[${"{},".repeat(80_000)}{}]}`,
  `{"type":"events","epoch":1,"events":[{"seq":1,"at":1,"kind":"execution","output":[${"1,".repeat(120_000)}1]}]}`,
  `{"type":"reported","version":1,"status":"applied","config":{"subscriptions":[${"{},".repeat(80_000)}{}]}}`,
];

const frames = valuesOf(z.toJSONSchema(upFrameSchema, { io: "input", unrepresentable: "any" }) as JsonSchema);
const inputs = fc.record({
  isGreeted: fc.constantFrom(true, true, true, false),
  message: fc.oneof(
    { weight: 8, arbitrary: nearly(frames).map(writtenAsJson) },
    { weight: 2, arbitrary: hostileValue.map(writtenAsJson) },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 200 }) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
    { weight: 1, arbitrary: fc.constantFrom("[".repeat(100_000), '{"type":'.repeat(30_000), "x".repeat(262_145)) },
    { weight: 1, arbitrary: fc.constantFrom(...ENDLESS) },
  ),
});

/** What agents send: each message is taken, answered by a well-formed frame, or ends the connection with its reason. */
export const agentFrames = (start: () => Promise<FuzzServer>): FuzzTarget => ({
  inputs: "messages of agents, most of them nearly right frames",
  runs: 3_000,
  async fuzz(options) {
    const server = await start();
    // One may say ten wrong things, so each connection is another's.
    const open = async (isGreeted: boolean) => Peer.open(server.url, (await server.world.addDevice()).token, isGreeted);
    const peers = new Map<boolean, Peer>();
    const tried = await tryInputs(inputs, options, async ({ isGreeted, message }) => {
      if (message === undefined) return;
      let peer = peers.get(isGreeted);
      if (!peer?.isOpen) {
        peer = await open(isGreeted);
        peers.set(isGreeted, peer);
      }
      await peer.say(message);
      server.requireSound();
    });
    for (const peer of peers.values()) peer.leave();
    const after = await open(true);
    after.leave();
    server.requireSound();
    server.requireSmall();
    return tried;
  },
});

/** An agent's end of a connection, which checks what it is told. */
class Peer {
  private broken: string | undefined;
  private closeCode: number | undefined;

  private constructor(private readonly socket: WebSocket) {
    socket.on("error", (error) => (this.broken ??= error.message));
    socket.on("close", (code) => (this.closeCode = code));
    socket.on("message", (data: Buffer) => {
      const frame = downFrameSchema.safeParse(JSON.parse(data.toString()));
      if (!frame.success) this.broken ??= `the server said ${data.toString().slice(0, 500)}`;
    });
  }

  static async open(url: string, token: string, isGreeted: boolean): Promise<Peer> {
    const headers = { authorization: `Bearer ${token}` };
    const socket = new WebSocket(`${url.replace("http", "ws")}/agent`, SUBPROTOCOL, { headers });
    const peer = new Peer(socket);
    await once(socket, "open");
    if (!isGreeted) return peer;
    const reported = { version: 0, config: null };
    const hello = { type: "hello", agent: "fuzz", epoch: 1, resumeFrom: 1, module: {}, reported, clock: Date.now() };
    socket.send(JSON.stringify(hello));
    await once(socket, "message");
    return peer;
  }

  get isOpen(): boolean {
    return this.closeCode === undefined;
  }

  /** @throws Error where the server neither goes on nor closes with a reason, or says what is no frame */
  async say(message: string | Buffer): Promise<void> {
    const heard = this.heard();
    this.socket.send(message);
    this.socket.ping();
    await heard;
    if (this.broken !== undefined) throw new Error(this.broken);
    if (this.closeCode !== undefined && !MAY_CLOSE_WITH.has(this.closeCode))
      throw new Error(`the server closed with ${this.closeCode}`);
  }

  leave(): void {
    this.socket.terminate();
  }

  private heard(): Promise<void> {
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => {
        reject(new Error(`no sign of the server within ${ANSWER_WITHIN_MS / 1_000} s`));
      }, ANSWER_WITHIN_MS);
      const done = () => {
        clearTimeout(limit);
        this.socket.off("pong", done).off("close", done);
        resolve();
      };
      this.socket.once("pong", done).once("close", done);
    });
  }
}
