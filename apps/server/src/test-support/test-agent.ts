import {
  AGENT_PATH,
  type DownFrame,
  type FrameOf,
  type HelloFrame,
  SUBPROTOCOL,
  type UnnumberedEvent,
} from "@mn316-fleet/protocol";
import { eventually } from "@mn316-fleet/testkit";
import WebSocket from "ws";

/** An event as a test writes it: its number, and what it tells. */
export type NumberedEvent = UnnumberedEvent & { seq: number };

/** The agent's side of one WebSocket, played by hand. */
export class TestAgent {
  readonly frames: DownFrame[] = [];
  closed: { code: number; reason: string } | undefined;
  readonly socket: WebSocket;

  /** @param url the server's, `http://…` */
  constructor(url: string, token: string | undefined, options: WebSocket.ClientOptions = {}) {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    this.socket = new WebSocket(url.replace("http", "ws") + AGENT_PATH, SUBPROTOCOL, { headers, ...options });
    this.socket.on("message", (data: Buffer) => this.frames.push(JSON.parse(data.toString()) as DownFrame));
    this.socket.on("close", (code, reason) => (this.closed = { code, reason: reason.toString() }));
    this.socket.on("error", () => undefined); // told by close
  }

  /** Hears of each frame as it arrives. */
  onFrame(listener: (frame: DownFrame) => void): void {
    this.socket.on("message", (data: Buffer) => {
      listener(JSON.parse(data.toString()) as DownFrame);
    });
  }

  /** Connects and says hello. */
  static async connect(url: string, token: string, hello: Partial<HelloFrame> = {}): Promise<TestAgent> {
    const agent = new TestAgent(url, token);
    await agent.opened();
    await agent.hello(hello);
    return agent;
  }

  async opened(): Promise<this> {
    await eventually(() => {
      expect(this.socket.readyState).toBeGreaterThanOrEqual(WebSocket.OPEN);
    });
    return this;
  }

  send(frame: unknown): void {
    this.socket.send(typeof frame === "string" || Buffer.isBuffer(frame) ? frame : JSON.stringify(frame));
  }

  sayHello(hello: Partial<HelloFrame> = {}): void {
    this.send({
      type: "hello",
      agent: "test",
      epoch: 1,
      resumeFrom: 1,
      module: {},
      reported: { version: 0, config: null },
      clock: Date.now(),
      ...hello,
    });
  }

  async hello(hello: Partial<HelloFrame> = {}): Promise<FrameOf<DownFrame, "welcome">> {
    this.sayHello(hello);
    return this.next("welcome");
  }

  events(events: NumberedEvent[], epoch = 1): void {
    this.send({ type: "events", epoch, events });
  }

  of<T extends DownFrame["type"]>(type: T): FrameOf<DownFrame, T>[] {
    return this.frames.filter((frame): frame is FrameOf<DownFrame, T> => frame.type === type);
  }

  /** The frame of a type that comes after `before` others of it. */
  next<T extends DownFrame["type"]>(type: T, before = 0, timeoutMs = 10_000): Promise<FrameOf<DownFrame, T>> {
    return eventually(
      () => {
        const frame = this.of(type)[before];
        if (!frame) throw new Error(`no ${type} yet, but ${JSON.stringify([this.frames, this.closed])}`);
        return frame;
      },
      { timeoutMs, everyMs: 10 },
    );
  }

  /** Resolves when the server has acknowledged up to `seq`. */
  async acked(seq: number, { epoch = 1, timeoutMs = 10_000 } = {}): Promise<void> {
    await eventually(
      () => {
        const numbers = this.of("ack").filter((ack) => ack.epoch === epoch);
        expect(Math.max(0, ...numbers.map((ack) => ack.seq))).toBe(seq);
      },
      { timeoutMs, everyMs: 10 },
    );
  }

  /** The code that the server closes with. */
  async closeCode(timeoutMs = 10_000): Promise<number> {
    return eventually(
      () => {
        if (!this.closed) throw new Error(`still open: ${JSON.stringify(this.frames)}`);
        return this.closed.code;
      },
      { timeoutMs, everyMs: 10 },
    );
  }

  /** Leaves without a farewell. */
  async vanish(): Promise<void> {
    this.socket.terminate();
    await this.closeCode();
  }

  async leave(): Promise<void> {
    this.socket.close(1000);
    await this.closeCode();
  }
}

/** `ping` events: the smallest there are. */
export function pings(from: number, to: number, at = Date.now()): NumberedEvent[] {
  return Array.from({ length: to - from + 1 }, (_, index) => ({ seq: from + index, at: at + index, kind: "ping" }));
}
