import {
  type DeviceConfig,
  type DownFrame,
  type FleetEvent,
  type FrameOf,
  SUBPROTOCOL,
  type UpFrame,
  upFrameSchema,
} from "@mn316-fleet/protocol";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";

type Execution = Extract<FleetEvent, { kind: "execution" }>;

/** A fleet server in memory behind a real WebSocket: commits what it gets, checks every frame against the protocol. */
export class FakeServer {
  readonly stored = new Map<number, FleetEvent>();
  readonly frames: UpFrame[] = [];
  readonly broken: string[] = [];
  readonly batches: number[] = [];
  /** Events are taken but not acknowledged while this is false. */
  isCommitting = true;
  desired: { version: number; config: DeviceConfig; confirmWithinS: number } | undefined;
  /** Refuses a whole frame that holds such an event, as servers did that knew fewer kinds. */
  isKnown: (event: FleetEvent) => boolean = () => true;
  /** Accepts no number before all up to it are there, or explained. */
  isStrict = false;
  token = "mfd_test";
  limits = { batch: 200, inflight: 4 };
  /** What `welcome` says; what hello says unless set. */
  acked: number | undefined;
  epoch = 0;
  connections = 0;
  socket: WebSocket | undefined;
  mostUnderWay = 0;
  private underWay = 0;
  private server: WebSocketServer | undefined;
  port = 0;

  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const server = new WebSocketServer({
      port: this.port,
      host: "127.0.0.1",
      path: "/agent",
      handleProtocols: (protocols) => (protocols.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    });
    this.server = server;
    server.on("connection", (socket, request) => {
      this.connections++;
      this.underWay = 0;
      this.socket = socket;
      if (request.headers.authorization !== `Bearer ${this.token}`) {
        socket.close(4001, "not authorised");
        return;
      }
      socket.on("message", (data: Buffer) => {
        this.receive(socket, data.toString());
      });
    });
    await new Promise((resolve) => server.once("listening", resolve));
    this.port = (server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    for (const client of this.server?.clients ?? []) client.terminate();
    await new Promise<void>((resolve) => {
      if (this.server)
        this.server.close(() => {
          resolve();
        });
      else resolve();
    });
    this.server = undefined;
  }

  send(frame: DownFrame): void {
    this.socket?.send(JSON.stringify(frame));
  }

  events<K extends FleetEvent["kind"]>(kind: K): Extract<FleetEvent, { kind: K }>[] {
    return [...this.stored.values()]
      .sort((left, right) => left.seq - right.seq)
      .filter((event): event is Extract<FleetEvent, { kind: K }> => event.kind === kind);
  }

  executions(id: string): Execution[] {
    return this.events("execution").filter(({ execution }) => execution === id);
  }

  last<T extends UpFrame["type"]>(type: T): FrameOf<UpFrame, T> | undefined {
    return this.frames.findLast((frame): frame is FrameOf<UpFrame, T> => frame.type === type);
  }

  /** Acknowledges what was held back. */
  commit(): void {
    this.isCommitting = true;
    this.underWay = 0;
    this.send({ type: "ack", epoch: this.epoch, seq: Math.max(0, ...this.stored.keys()) });
  }

  private faultOf(events: readonly FleetEvent[]): { code: string; message: string } | undefined {
    const index = events.findIndex((event) => !this.isKnown(event));
    if (index >= 0) return { code: "invalid", message: `events.${index}.kind: Invalid input` };
    const [first] = events;
    const expected = Math.max(0, ...this.stored.keys()) + 1;
    const begin = first?.kind === "outbox-gap" ? first.from : first?.seq;
    if (this.isStrict && begin !== undefined && begin > expected)
      return { code: "gap", message: `events: number ${expected} is missing and no outbox-gap event explains it` };
    return undefined;
  }

  private receive(socket: WebSocket, text: string): void {
    const parsed = upFrameSchema.safeParse(JSON.parse(text));
    if (!parsed.success) {
      this.broken.push(parsed.error.message);
      return;
    }
    const frame = parsed.data;
    this.frames.push(frame);
    if (frame.type === "hello") {
      this.epoch = frame.epoch;
      const acked = this.acked ?? frame.resumeFrom - 1;
      const { limits, desired } = this;
      this.send({ type: "welcome", session: "1", acked, time: Date.now(), limits, ...(desired && { desired }) });
    } else if (frame.type === "events") {
      this.batches.push(text.length);
      this.mostUnderWay = Math.max(this.mostUnderWay, ++this.underWay);
      const fault = this.faultOf(frame.events);
      if (fault) {
        this.underWay--;
        socket.send(JSON.stringify({ type: "error", ...fault }));
        return;
      }
      for (const event of frame.events) this.stored.set(event.seq, event);
      if (!this.isCommitting) return;
      this.underWay--;
      socket.send(JSON.stringify({ type: "ack", epoch: frame.epoch, seq: frame.events.at(-1)?.seq }));
    }
  }
}

/** A configuration for the broker of a test. */
export function aConfig(
  port: number,
  mqtt: Partial<DeviceConfig["mqtt"]> = {},
  rest: Partial<DeviceConfig> = {},
): DeviceConfig {
  return {
    mqtt: {
      host: "127.0.0.1",
      port,
      clientId: "agent-core-test",
      keepAliveS: 60,
      cleanSession: true,
      ackTimeoutS: 10,
      pingEcho: true,
      ...mqtt,
    },
    subscriptions: [{ topic: "agent-core/commands", qos: 1 }],
    recovery: { reopenAfterS: 1, backoff: 1, maxReopens: 2, thenRestart: true },
    telemetry: { signalEveryS: 5 },
    at: { allow: [], deny: ["AT+CFUN"] },
    ...rest,
  };
}
