import { SUBPROTOCOL } from "@mn316-fleet/protocol";
import { performance } from "node:perf_hooks";
import { WebSocket } from "ws";

const MINUTE_MS = 60_000;
/** What an agent's outbox holds, about: a quiet module's heart-beats and samples, now and then a change. */
const KINDS = [
  ...Array.from({ length: 8 }, () => ({ kind: "ping" })),
  ...Array.from({ length: 5 }, () => ({ kind: "publish-ack", packId: 17, dup: 0 })),
  ...Array.from({ length: 4 }, () => ({ kind: "signal", rssi: 21, ber: 0, cell: "0C5A3B11" })),
  { kind: "timeout", type: 5 },
  { kind: "state", from: "connected", to: "reconnecting", cause: "heartbeat-lost" },
  { kind: "state", from: "reconnecting", to: "connected", cause: "heartbeat-lost" },
];

/**
 * Events of one device, numbered, a quarter of a second apart.
 * @param phase where among the kinds they begin: what devices do, they do not do all at once
 */
export function* eventsOf(startedAt: number, phase = 0): Generator<Record<string, unknown>> {
  for (let seq = 1; ; seq++) {
    const at = startedAt + seq * 250;
    const event = KINDS[(seq + phase) % KINDS.length] ?? { kind: "ping" };
    yield { seq, at, ...event, ...(event.kind === "state" && { since: at - MINUTE_MS }) };
  }
}

/** The same events as texts, so that a benchmark's own part is small beside the server's. */
const TAILS = KINDS.map((event) => JSON.stringify(event).slice(1));
export function eventText(startedAt: number, seq: number, phase = 0): string {
  const at = startedAt + seq * 250;
  const kind = (seq + phase) % KINDS.length;
  const since = KINDS[kind]?.kind === "state" ? `"since":${at - MINUTE_MS},` : "";
  return `{"seq":${seq},"at":${at},${since}${TAILS[kind]}`;
}

/** One device's socket that keeps so many batches under way, and notes how long each takes to be acknowledged. */
export class EventStream {
  readonly latenciesMs: number[] = [];
  acked = 0;
  private readonly startedAt = Date.now();
  private sentSeq = 0;
  private readonly sentAt: number[] = [];
  private readonly socket: WebSocket;
  private isEnding = false;
  private isPaced = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    url: string,
    token: string,
    private readonly batch: number,
    private readonly underWay: number,
    private readonly phase = 0,
  ) {
    const headers = { authorization: `Bearer ${token}` };
    this.socket = new WebSocket(`${url.replace("http", "ws")}/agent`, SUBPROTOCOL, { headers });
    this.socket.on("message", (data: Buffer) => {
      this.take(JSON.parse(data.toString()) as { type: string; seq: number });
    });
  }

  /** Resolves when the server has said welcome. */
  async open(): Promise<void> {
    await new Promise((resolve, reject) => this.socket.once("open", resolve).once("error", reject));
    const reported = { version: 0, config: null };
    this.send({ type: "hello", agent: "bench", epoch: 1, resumeFrom: 1, module: {}, reported, clock: Date.now() });
    await new Promise((resolve) => this.socket.once("message", resolve));
  }

  /** Sends as fast as it is acknowledged. */
  start(): void {
    this.isPaced = false;
    while (this.sentAt.length < this.underWay) this.sendBatch();
  }

  /**
   * Sends a batch every so often, whether it is acknowledged or not.
   * @param firstMs until the first one
   */
  pace(everyMs: number, firstMs: number): void {
    this.isPaced = true;
    this.timer = setTimeout(() => {
      this.sendBatch();
      this.pace(everyMs, everyMs);
    }, firstMs);
  }

  /** Sends nothing more and resolves when all that was sent is acknowledged. */
  async finish(): Promise<void> {
    this.isEnding = true;
    clearTimeout(this.timer);
    while (this.sentAt.length > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    this.socket.close();
  }

  private take(frame: { type: string; seq: number }): void {
    if (frame.type !== "ack") return;
    // One acknowledgement may stand for several batches: all up to its number are committed.
    while (this.acked < frame.seq) {
      this.acked += this.batch;
      this.latenciesMs.push(performance.now() - (this.sentAt.shift() ?? Number.NaN));
      if (!this.isEnding && !this.isPaced) this.sendBatch();
    }
  }

  private sendBatch(): void {
    const events = Array.from({ length: this.batch }, () => eventText(this.startedAt, ++this.sentSeq, this.phase));
    this.sentAt.push(performance.now());
    this.socket.send(`{"type":"events","epoch":1,"events":[${events.join(",")}]}`);
  }

  private send(frame: object): void {
    this.socket.send(JSON.stringify(frame));
  }
}
