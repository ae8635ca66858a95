import { SUBPROTOCOL } from "@mn316-fleet/protocol";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { type Frame, framesOf, missingIn, ofTomorrow, type Passed } from "./recording";

const DAY_MS = 86_400_000;

/** Says to an agent of now what a server of another release said to the agent of its time. */
export class ReplayedServer {
  /** What the agent said, in order. */
  readonly frames: Frame[] = [];
  /** Its events, by number. */
  readonly events = new Map<number, Record<string, unknown>>();
  /** What a server of that release would miss in what it heard. */
  readonly missing: string[] = [];
  private readonly server = new WebSocketServer({
    port: 0,
    host: "127.0.0.1",
    path: "/agent",
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });
  private socket: WebSocket | undefined;

  /**
   * @param desired the configuration of the recording is for a broker of then
   * @param isOfTomorrow it adds fields and frames that the agent does not know
   */
  constructor(
    private readonly recording: readonly Passed[],
    private readonly desired: Record<string, unknown>,
    private readonly isOfTomorrow = false,
  ) {
    this.server.on("connection", (socket) => {
      this.socket = socket;
      socket.on("message", (data: Buffer) => {
        this.hear(JSON.parse(data.toString()) as Frame);
      });
    });
  }

  async open(): Promise<string> {
    if (this.server.address() === null) await once(this.server, "listening");
    return `ws://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.socket?.terminate();
    this.server.close();
    await once(this.server, "close");
  }

  /** Sends an execution of the recording. @returns its id */
  execute(index: number): string {
    const frame = framesOf(this.recording, "down", "execute")[index]!;
    this.say({ ...frame, notAfter: Date.now() + DAY_MS });
    return frame.execution as string;
  }

  /** What the agent said of an execution, the last last. */
  reports(execution: string): Record<string, unknown>[] {
    return [...this.events.values()].filter((event) => event.execution === execution);
  }

  private hear(frame: Frame): void {
    this.frames.push(frame);
    const [recorded] = framesOf(this.recording, "up", frame.type);
    if (frame.type === "hello") {
      this.missing.push(...missingIn(frame, recorded).map((field) => `hello: ${field}`));
      if (this.isOfTomorrow) this.say({ type: "frame-of-tomorrow", what: 1 });
      const [welcome] = framesOf(this.recording, "down", "welcome");
      const acked = (frame.resumeFrom as number) - 1;
      const desired = { ...(welcome!.desired as object), config: this.desired };
      this.say({ ...welcome!, acked, time: Date.now(), desired });
    } else if (frame.type === "events") {
      const events = frame.events as { seq: number; kind: string }[];
      for (const event of events) {
        this.events.set(event.seq, event);
        this.missing.push(...missingIn(event, this.eventOf(event.kind)).map((field) => `${event.kind}: ${field}`));
      }
      this.say({ type: "ack", epoch: frame.epoch, seq: events.at(-1)!.seq });
    }
  }

  /** What all events of a kind had then. */
  private eventOf(kind: string): Record<string, unknown> {
    const recorded = framesOf(this.recording, "up", "events")
      .flatMap(({ events }) => events as Record<string, unknown>[])
      .filter((event) => event.kind === kind);
    const [first, ...others] = recorded;
    const always = Object.entries(first ?? { kind }).filter(([field]) => others.every((other) => field in other));
    return Object.fromEntries(always);
  }

  private say(frame: Frame): void {
    this.socket?.send(JSON.stringify(this.isOfTomorrow ? ofTomorrow(frame) : frame));
  }
}
