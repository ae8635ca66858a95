import type { Clock } from "@mn316-fleet/at";
import type { Mn316, TraceEntry } from "@mn316-fleet/mn316";
import {
  type AtPolicy,
  type ConsoleCloseFrame,
  type ConsoleInputFrame,
  type ConsoleOpenFrame,
  type FleetEvent,
  MAX_CONSOLE_TEXT,
  type UpFrame,
} from "@mn316-fleet/protocol";
import type { Logger } from "pino";
import { commandRefusal } from "../executions/refusal";
import type { LineLock } from "../module/line-lock";
import { clip, type Recorder } from "../outbox/recorder";
import { Transcript } from "./transcript";

export interface ConsoleOptions {
  driver: () => Mn316 | undefined;
  /** The policy of the configuration in force. */
  policy: () => AtPolicy | undefined;
  ownPolicy: AtPolicy;
  send: (frame: UpFrame) => void;
  /** Before a command of the operator that ends or opens the module's connection. */
  onOperatorCommand: (command: string) => void;
  lock: LineLock;
  recorder: Recorder;
  /** For durations. */
  clock: Clock;
  log: Logger;
}

type What = Extract<FleetEvent, { kind: "console" }>["what"];

/** What holds the line now may take so long; then the console does not open. */
const LINE_WAIT_MS = 60_000;
/** The twin, telemetry and jobs wait meanwhile, so even a busy operator has to let go of the line. */
const LONGEST_MS = 30 * 60_000;
const COMMAND_MS = 60_000;
/** What a module may say within one console; all of it is recorded. */
const MAX_RECORDED_CHARS = 1024 * 1024;
const MAX_WAITING = 16;

/**
 * The live AT console of an operator: one at a time, with the line to itself, so that nothing the agent does mixes with it.
 * It ends when the operator says so, when nothing is said for a while, after half an hour, and with the link to the server.
 * All that is said is recorded, under the operator's name.
 */
export class Console {
  private session: ConsoleSession | undefined;

  constructor(private readonly options: ConsoleOptions) {}

  /** Resolves when no console is open or about to open. */
  async free(): Promise<void> {
    while (this.session) await this.session.ended;
  }

  open({ console, operator, idleS }: ConsoleOpenFrame): void {
    const { session } = this;
    if (session?.id === console) return;
    if (session) {
      const reason = clip(`the console is taken: ${session.operator} has it open`);
      this.options.send({ type: "console-close", console, reason });
      return;
    }
    const opened = new ConsoleSession(console, operator, idleS * 1_000, this.options);
    this.session = opened;
    void opened.ended.then(() => {
      if (this.session === opened) this.session = undefined;
    });
  }

  input({ console, text }: ConsoleInputFrame): void {
    if (this.session?.id === console) this.session.input(text);
    else this.options.send({ type: "console-close", console, reason: "this console is not open" });
  }

  close({ console, reason }: ConsoleCloseFrame): void {
    if (this.session?.id === console) this.session.end(reason);
  }

  /** What passes on the line. */
  heard(entry: TraceEntry): void {
    this.session?.heard(entry);
  }

  /** Ends whatever is open. */
  end(reason: string): void {
    this.session?.end(reason);
  }
}

class ConsoleSession {
  readonly ended: Promise<void>;
  private isOpen = false;
  private isEnded = false;
  private recordedChars = 0;
  private waiting = 0;
  private tail: Promise<void> = Promise.resolve();
  private resolveEnded: () => void = () => undefined;
  private readonly cancels: (() => void)[] = [];
  private cancelIdle: (() => void) | undefined;
  private readonly transcript: Transcript;
  private readonly ending = new AbortController();

  constructor(
    readonly id: string,
    readonly operator: string,
    private readonly idleMs: number,
    private readonly options: ConsoleOptions,
  ) {
    const { clock, lock } = options;
    this.ended = new Promise((resolve) => (this.resolveEnded = resolve));
    this.transcript = new Transcript(clock, (text) => {
      this.tell("received", text);
    });
    this.cancels.push(
      clock.after(LINE_WAIT_MS, () => {
        if (!this.isOpen) this.end("the line is busy: try again later");
      }),
      clock.after(LONGEST_MS, () => {
        this.end(`open for ${LONGEST_MS / 60_000} minutes, which is the longest: open it again`);
      }),
    );
    void lock.run(() => this.hold());
  }

  input(command: string): void {
    const { policy, ownPolicy, onOperatorCommand } = this.options;
    if (!this.isOpen || this.isEnded) return;
    this.stayAwake();
    const refused =
      this.waiting >= MAX_WAITING ? "too many commands wait" : commandRefusal(command, policy(), ownPolicy);
    if (refused !== undefined) {
      this.record("refused", `${command}: ${refused}`);
      this.note(`refused: ${refused}`);
      return;
    }
    this.waiting++;
    this.tail = this.tail.then(async () => {
      const driver = this.options.driver();
      try {
        if (this.isEnded) return;
        if (!driver) throw new Error("the module does not answer on the serial line");
        onOperatorCommand(command);
        await driver.exec(command, { timeoutMs: COMMAND_MS, signal: this.ending.signal });
      } catch (error) {
        this.note((error as Error).message);
      } finally {
        this.waiting--;
      }
    });
  }

  heard(entry: TraceEntry): void {
    if (!this.isOpen || this.isEnded) return;
    if (entry.dir === "received") {
      this.transcript.received(entry);
      return;
    }
    this.transcript.flush();
    this.tell("sent", (entry.text ?? "").trimEnd());
  }

  end(reason: string): void {
    if (this.isEnded) return;
    this.transcript.flush();
    this.isEnded = true;
    this.ending.abort(new Error("the console was closed"));
    for (const cancel of this.cancels) cancel();
    this.cancelIdle?.();
    this.options.send({ type: "console-close", console: this.id, reason: clip(reason) });
    if (this.isOpen) this.record("closed", reason);
    this.options.log.info({ console: this.id, operator: this.operator, reason }, "console closed");
    this.resolveEnded();
  }

  /** Has the line as long as the console is open. */
  private async hold(): Promise<void> {
    if (this.isEnded) return;
    if (!this.options.driver()) {
      this.end("the module does not answer on the serial line");
      return;
    }
    this.isOpen = true;
    this.options.log.info({ console: this.id, operator: this.operator }, "console opened");
    this.record("opened", this.operator);
    this.options.send({ type: "console-open", console: this.id });
    this.stayAwake();
    await this.ended;
    await this.tail; // a command that is on the line is not to meet the agent's next one
  }

  private stayAwake(): void {
    this.cancelIdle?.();
    this.cancelIdle = this.options.clock.after(this.idleMs, () => {
      this.end(`nothing was said for ${this.idleMs / 1_000} s`);
    });
  }

  private tell(what: "sent" | "received", text: string): void {
    this.recordedChars += text.length;
    if (this.recordedChars > MAX_RECORDED_CHARS) {
      this.end("the module said more than a console records");
      return;
    }
    this.record(what, text);
    for (let start = 0; start < text.length; start += MAX_CONSOLE_TEXT)
      this.output(what, text.slice(start, start + MAX_CONSOLE_TEXT));
  }

  private note(text: string): void {
    this.transcript.flush();
    if (!this.isEnded) this.output("note", clip(text, MAX_CONSOLE_TEXT));
  }

  private output(from: "sent" | "received" | "note", text: string): void {
    this.options.send({ type: "console-output", console: this.id, from, text });
  }

  private record(what: What, text: string): void {
    void this.options.recorder.record({ kind: "console", console: this.id, what, text });
  }
}
