import { downFrameSchema, SUBPROTOCOL, upFrameSchema } from "@mn316-fleet/protocol";
import fc from "fast-check";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { z } from "zod";
import { World } from "../../harness/world";
import { type FuzzTarget, tryInputs } from "../fuzz-target";
import { hostileValue, writtenAsJson } from "../input/hostile-values";
import { type JsonSchema, valuesOf } from "../input/json-schema";
import { nearly } from "../input/mutated";

/** An agent that was started is there within so long. */
const THERE_WITHIN_MS = 60_000;
const MOST_MIB = 250;

const frames = valuesOf(z.toJSONSchema(downFrameSchema, { io: "input", unrepresentable: "any" }) as JsonSchema);
const inputs = fc.oneof(
  { weight: 40, arbitrary: nearly(frames).map(writtenAsJson) },
  { weight: 10, arbitrary: hostileValue.map(writtenAsJson) },
  { weight: 5, arbitrary: fc.string({ unit: "binary", maxLength: 200 }) },
  { weight: 5, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 5, arbitrary: fc.constantFrom("[".repeat(100_000), '{"type":'.repeat(30_000)) },
);

/** What a server sends: the agent's process lives on, answers, and says nothing that is not of the protocol. */
export const serverFrames: FuzzTarget = {
  inputs: "messages of a server to a real agent, most of them nearly right frames",
  runs: 2_000,
  async fuzz(options) {
    const world = new World();
    const server = await OddServer.start();
    try {
      await world.startBroker();
      const device = { id: "", token: `mfd_${"f".repeat(43)}`, imei: "860000000000001" };
      const module = await world.startModule(device);
      let agent = world.startAgent(device, module, server.url);
      const tried = await tryInputs(inputs, options, async (message) => {
        if (message === undefined) return;
        const ended = agent.exited.then((code) => {
          throw new Error(`the agent ended (${code}):\n${agent.lastLines.join("\n")}`);
        });
        const hasStayed = await Promise.race([server.say(message), ended]);
        if (server.broken !== undefined) throw new Error(`the agent said ${server.broken}`);
        if (hasStayed) return;
        // It may leave, and then stays away longer each time: one that starts comes at once.
        ended.catch(() => undefined);
        await agent.stop();
        agent = world.startAgent(device, module, server.url);
      });
      const mib = world.residentMib(agent);
      if (mib > MOST_MIB) throw new Error(`the agent holds ${mib} MiB`);
      return tried;
    } finally {
      await server.stop();
      await world.stop();
    }
  },
};

/** A server that welcomes any agent, and then says whatever it is told to. */
class OddServer {
  /** What an agent said that is of no protocol. */
  broken: string | undefined;
  private socket: WebSocket | undefined;

  private constructor(private readonly server: WebSocketServer) {
    server.on("connection", (socket) => {
      socket.on("error", () => undefined); // told by close
      socket.on("message", (data: Buffer) => {
        this.hear(socket, data.toString());
      });
      socket.on("close", () => {
        if (this.socket === socket) this.socket = undefined;
      });
    });
  }

  static async start(): Promise<OddServer> {
    const server = new WebSocketServer({
      port: 0,
      host: "127.0.0.1",
      handleProtocols: () => SUBPROTOCOL,
    });
    await once(server, "listening");
    return new OddServer(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Resolves when the agent has answered behind it (true), or has left. */
  async say(message: string | Buffer): Promise<boolean> {
    const socket = await this.connected();
    socket.send(message);
    socket.ping();
    return new Promise((resolve) => {
      const stays = () => {
        socket.off("close", leaves);
        resolve(true);
      };
      const leaves = () => {
        socket.off("pong", stays);
        resolve(false);
      };
      socket.once("pong", stays).once("close", leaves);
    });
  }

  async stop(): Promise<void> {
    for (const client of this.server.clients) client.terminate();
    await new Promise((resolve) => {
      this.server.close(resolve);
    });
  }

  private async connected(): Promise<WebSocket> {
    const until = Date.now() + THERE_WITHIN_MS;
    while (!this.socket) {
      if (Date.now() > until) throw new Error(`no agent within ${THERE_WITHIN_MS / 1_000} s`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return this.socket;
  }

  private hear(socket: WebSocket, text: string): void {
    const { data: frame } = upFrameSchema.safeParse(JSON.parse(text));
    if (!frame) {
      this.broken ??= text.slice(0, 1_000);
      return;
    }
    if (frame.type === "hello") {
      const limits = { batch: 200, inflight: 4 };
      const welcome = { type: "welcome", session: "1", acked: frame.resumeFrom - 1, time: Date.now(), limits };
      socket.send(JSON.stringify(welcome));
      this.socket = socket;
    } else if (frame.type === "events")
      socket.send(JSON.stringify({ type: "ack", epoch: frame.epoch, seq: frame.events.at(-1)?.seq }));
  }
}
