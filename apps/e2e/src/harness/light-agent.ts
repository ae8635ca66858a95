import { type DownFrame, type ExecuteFrame, type ExecutionReport, HEARTBEAT, SUBPROTOCOL } from "@mn316-fleet/protocol";
import { WebSocket } from "ws";

/** An event as it was recorded. */
export interface Told {
  seq: number;
  at: number;
  kind: string;
}

/** What the device does with an execution. */
export type Behaviour = "succeed" | "fail" | "refuse" | "silent";

const RECONNECT_MS = { min: 100, spread: 900 };
/** As real agents do: a server that was not heard for two heart-beats is gone. */
const DEAF_AFTER_MS = HEARTBEAT.everyMs * HEARTBEAT.missed + 5_000;

/**
 * The agent's side of the protocol without a disk and a line: a journal, an outbox whose events are sent until they are
 * acknowledged, a connection that comes back on any node. It counts the AT commands that its module would have got, so that
 * thousands of them can be held against what the server says.
 */
export class LightAgent {
  behaviour: Behaviour = "succeed";
  /** How long an execution takes. */
  workMs = 20;
  /** AT commands that reached the module, by execution. */
  readonly commands = new Map<string, number>();
  /** Others that came with its token. */
  readonly twins: LightAgent[] = [];
  /** Told of each `execute` frame that arrives. */
  onExecute: (frame: ExecuteFrame) => void = () => undefined;
  /** Codes with which its connections were closed. */
  readonly closeCodes: number[] = [];
  /** Every event that it ever recorded, in order: what the server must hold in the end. */
  readonly ledger: Told[] = [];
  /** The last number that a server said to have committed. */
  acked = 0;
  /** The longest that it was cut off since `forgetAway`, in ms. */
  private longestAwayMs = 0;
  private lostAt: number | undefined;
  private configVersion = 0;
  private readonly journal = new Map<string, ExecutionReport | undefined>();
  private outbox: { seq: number; event: object }[] = [];
  private nextSeq = 1;
  private socket: WebSocket | undefined;
  private isStopped = true;
  private isWelcome = false;

  constructor(
    readonly deviceId: string,
    readonly token: string,
    private readonly urls: readonly string[],
    readonly epoch = 1,
  ) {}

  get isConnected(): boolean {
    return this.isWelcome;
  }

  /** The longest that it was without a server since `forgetAway`, in ms. */
  get awayMs(): number {
    return Math.max(this.longestAwayMs, this.lostAt === undefined ? 0 : performance.now() - this.lostAt);
  }

  forgetAway(): void {
    this.longestAwayMs = 0;
  }

  /** Another agent with the same token, and an outbox, a journal and a module of its own. */
  twin(): LightAgent {
    const twin = new LightAgent(this.deviceId, this.token, this.urls, this.epoch + 1);
    this.twins.push(twin);
    return twin;
  }

  /** Connects, and again whenever it is cut off. @param node the first to try; any unless given */
  start(node = Math.floor(Math.random() * this.urls.length)): void {
    this.isStopped = false;
    const url = `${this.urls[node % this.urls.length]?.replace("http", "ws")}/agent`;
    const socket = new WebSocket(url, SUBPROTOCOL, { headers: { authorization: `Bearer ${this.token}` } });
    this.socket = socket;
    const deaf = setTimeout(() => {
      socket.terminate();
    }, DEAF_AFTER_MS).unref();
    socket.on("ping", () => deaf.refresh());
    socket.on("open", () => {
      this.hello();
    });
    socket.on("message", (data: Buffer) => {
      this.take(JSON.parse(data.toString()) as DownFrame);
    });
    socket.on("error", () => undefined); // told by close
    socket.on("close", (code) => {
      clearTimeout(deaf);
      this.isWelcome = false;
      this.lostAt ??= performance.now();
      this.closeCodes.push(code);
      if (this.isStopped) return;
      setTimeout(
        () => {
          if (!this.isStopped) this.start();
        },
        RECONNECT_MS.min + Math.random() * RECONNECT_MS.spread,
      ).unref();
    });
  }

  stop(): void {
    this.isStopped = true;
    this.socket?.terminate();
  }

  /** Records an event, as the outbox of an agent does: it is sent until it is acknowledged. */
  tell(fields: { kind: string; [field: string]: unknown }): void {
    const event = { seq: this.nextSeq++, at: Date.now(), ...fields };
    this.outbox.push({ seq: event.seq, event });
    this.ledger.push({ seq: event.seq, at: event.at, kind: event.kind });
    if (this.isWelcome) this.sendEvent(event);
  }

  private hello(): void {
    const resumeFrom = this.outbox[0]?.seq ?? this.nextSeq;
    const reported = { version: this.configVersion, config: null };
    this.send({
      type: "hello",
      agent: "light",
      epoch: this.epoch,
      resumeFrom,
      module: {},
      reported,
      clock: Date.now(),
    });
  }

  private take(frame: DownFrame): void {
    if (frame.type === "welcome") {
      this.isWelcome = true;
      if (this.lostAt !== undefined) this.longestAwayMs = Math.max(this.longestAwayMs, performance.now() - this.lostAt);
      this.lostAt = undefined;
      this.forget(frame.acked);
      for (const { event } of this.outbox) this.sendEvent(event);
      if (frame.desired) this.apply(frame.desired.version);
    } else if (frame.type === "desired") this.apply(frame.version);
    else if (frame.type === "ack") this.forget(frame.seq);
    else if (frame.type === "execute") this.execute(frame);
    else if (frame.type === "cancel")
      this.report({ execution: frame.execution, attempt: frame.attempt, status: "CANCELED" });
  }

  private execute(frame: ExecuteFrame): void {
    this.onExecute(frame);
    if (this.behaviour === "silent") return;
    const { execution, attempt, steps } = frame;
    const key = `${execution}/${attempt}`;
    if (this.journal.has(key)) {
      const final = this.journal.get(key);
      if (final) this.report(final);
      return;
    }
    this.journal.set(key, undefined);
    const end = (report: Pick<ExecutionReport, "status" | "error">) => {
      const final = { execution, attempt, ...report };
      this.journal.set(key, final);
      this.report(final);
    };
    if (this.behaviour === "refuse") {
      end({ status: "REJECTED", error: "refused here" });
      return;
    }
    this.report({ execution, attempt, status: "RUNNING" });
    this.commands.set(execution, (this.commands.get(execution) ?? 0) + steps.length);
    setTimeout(() => {
      end(
        this.behaviour === "fail" ? { status: "FAILED", error: "step 1 was answered ERROR" } : { status: "SUCCEEDED" },
      );
    }, this.workMs);
  }

  private apply(version: number): void {
    this.tell({ kind: "config", version, status: "applying" });
    this.configVersion = version;
    this.tell({ kind: "config", version, status: "applied" });
  }

  private report(report: ExecutionReport): void {
    this.tell({ kind: "execution", ...report });
  }

  private forget(acked: number): void {
    this.acked = Math.max(this.acked, acked);
    this.outbox = this.outbox.filter(({ seq }) => seq > acked);
  }

  private sendEvent(event: object): void {
    this.send({ type: "events", epoch: this.epoch, events: [event] });
  }

  private send(frame: object): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }
}
