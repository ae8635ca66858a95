import { type DownFrame, type ExecuteFrame, type ExecutionReport, SUBPROTOCOL } from "@mn316-fleet/protocol";
import { WebSocket } from "ws";

/** What the device does with an execution. */
export type Behaviour = "succeed" | "fail" | "refuse" | "silent";

const RECONNECT_MS = { min: 100, spread: 900 };

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
  /** Told of each `execute` frame that arrives. */
  onExecute: (frame: ExecuteFrame) => void = () => undefined;
  /** Codes with which its connections were closed. */
  readonly closeCodes: number[] = [];
  private configVersion = 0;
  private readonly journal = new Map<string, ExecutionReport | undefined>();
  private outbox: { seq: number; event: object }[] = [];
  private nextSeq = 1;
  private socket: WebSocket | undefined;
  private isStopped = true;
  private isWelcome = false;

  constructor(
    readonly deviceId: string,
    private readonly token: string,
    private readonly urls: readonly string[],
  ) {}

  get isConnected(): boolean {
    return this.isWelcome;
  }

  /** Connects, and again whenever it is cut off. @param node the first to try; any unless given */
  start(node = Math.floor(Math.random() * this.urls.length)): void {
    this.isStopped = false;
    const url = `${this.urls[node % this.urls.length]?.replace("http", "ws")}/agent`;
    const socket = new WebSocket(url, SUBPROTOCOL, { headers: { authorization: `Bearer ${this.token}` } });
    this.socket = socket;
    socket.on("open", () => {
      this.hello();
    });
    socket.on("message", (data: Buffer) => {
      this.take(JSON.parse(data.toString()) as DownFrame);
    });
    socket.on("error", () => undefined); // told by close
    socket.on("close", (code) => {
      this.isWelcome = false;
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
  tell(fields: object): void {
    const event = { seq: this.nextSeq, at: Date.now(), ...fields };
    this.outbox.push({ seq: this.nextSeq++, event });
    if (this.isWelcome) this.sendEvent(event);
  }

  private hello(): void {
    const resumeFrom = this.outbox[0]?.seq ?? this.nextSeq;
    const reported = { version: this.configVersion, config: null };
    this.send({ type: "hello", agent: "light", epoch: 1, resumeFrom, module: {}, reported, clock: Date.now() });
  }

  private take(frame: DownFrame): void {
    if (frame.type === "welcome") {
      this.isWelcome = true;
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
    this.outbox = this.outbox.filter(({ seq }) => seq > acked);
  }

  private sendEvent(event: object): void {
    this.send({ type: "events", epoch: 1, events: [event] });
  }

  private send(frame: object): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }
}
