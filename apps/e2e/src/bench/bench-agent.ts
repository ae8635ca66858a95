import { DEFAULT_LIMITS, SUBPROTOCOL } from "@mn316-fleet/protocol";
import { performance } from "node:perf_hooks";
import { WebSocket } from "ws";
import { eventText } from "./event-stream";

/** Of a backlog, in one frame. */
const FRAME_EVENTS = 50;

/** An agent's socket that sends its outbox frame by frame, or an event now and then; it comes again when it is turned away. */
export class BenchAgent {
  readonly latenciesMs: number[] = [];
  acked = 0;
  private sent = 0;
  private readonly sentAt: number[] = [];
  private socket: WebSocket | undefined;
  private onAck: () => void = () => undefined;
  private isClosed = false;

  constructor(
    private readonly url: string,
    private readonly token: string,
  ) {}

  get underWay(): number {
    return this.sent - this.acked;
  }

  /** Resolves when the server has said welcome. */
  open(): Promise<void> {
    const headers = { authorization: `Bearer ${this.token}` };
    const socket = new WebSocket(`${this.url.replace("http", "ws")}/agent`, SUBPROTOCOL, { headers });
    this.socket = socket;
    return new Promise((resolve) => {
      socket.on("open", () => {
        const reported = { version: 0, config: null };
        const hello = { agent: "bench", epoch: 1, resumeFrom: this.acked + 1, module: {}, reported, clock: Date.now() };
        socket.send(JSON.stringify({ type: "hello", ...hello }));
      });
      socket.on("message", (data: Buffer) => {
        const frame = JSON.parse(data.toString()) as { type: string; seq: number };
        if (frame.type === "welcome") resolve();
        else if (frame.type === "ack") this.take(frame.seq);
      });
      socket.on("error", () => undefined); // told by close
      socket.on("close", () => {
        if (this.isClosed) return;
        this.sent = this.acked;
        setTimeout(
          () => {
            if (!this.isClosed)
              void this.open().then(() => {
                this.onAck();
                resolve();
              });
          },
          100 + Math.random() * 900,
        ).unref();
      });
    });
  }

  /** Sends a backlog of so many events, as many frames ahead as the server allows. */
  empty(events: number, startedAt: number): void {
    this.onAck = () => {
      while (this.sent < events && this.underWay < DEFAULT_LIMITS.inflight * FRAME_EVENTS)
        this.send(Math.min(FRAME_EVENTS, events - this.sent), (seq) => eventText(startedAt, seq));
    };
    this.onAck();
  }

  /** Tells something every so often. @returns stops it */
  tellEvery(everyMs: number, firstMs: number): () => void {
    const tell = () => {
      timer = setTimeout(tell, everyMs);
      this.send(1, (seq) => `{"seq":${seq},"at":${Date.now()},"kind":"ping"}`);
    };
    let timer = setTimeout(tell, firstMs);
    return () => clearTimeout(timer);
  }

  close(): void {
    this.isClosed = true;
    this.socket?.terminate();
  }

  private send(count: number, event: (seq: number) => string): void {
    const events = Array.from({ length: count }, (_, index) => event(this.sent + index + 1));
    this.sent += count;
    for (let index = 0; index < count; index++) this.sentAt.push(performance.now());
    this.socket?.send(`{"type":"events","epoch":1,"events":[${events.join(",")}]}`);
  }

  private take(seq: number): void {
    while (this.acked < seq) {
      this.acked += 1;
      this.latenciesMs.push(performance.now() - (this.sentAt.shift() ?? Number.NaN));
    }
    this.onAck();
  }
}

/** How long the live events took, in ms, that were acknowledged while something went on. */
export async function latenciesOf(live: readonly BenchAgent[], meanwhile: () => Promise<unknown>): Promise<number[]> {
  for (const agent of live) agent.latenciesMs.length = 0;
  await meanwhile();
  return live.flatMap(({ latenciesMs }) => [...latenciesMs]);
}
