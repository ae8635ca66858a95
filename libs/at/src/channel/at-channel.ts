import { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";
import { type Clock, systemClock } from "../clock";
import { ChannelClosedError, CommandTimeoutError, LineUnresponsiveError } from "../errors";
import { type Frame, Framer, type PayloadRule } from "../framing/framer";
import { CommandQueue } from "./command-queue";
import { type FinalResult, finalResult } from "./final-result";

export interface ChannelOptions {
  baudRate?: number;
  clock?: Clock;
  payloadRules?: readonly PayloadRule[];
  /**
   * Whether a line is unsolicited although a command waits for its answer. A line that is neither this, nor an echo, nor
   * a final result belongs to the command.
   */
  isUnsolicited?: (line: string, command: string) => boolean;
  /**
   * Whether a final result may also be the complaint of another task of the module. It ends the command only when no other
   * final result follows within `suspectMs`.
   */
  isSuspect?: (final: FinalResult, command: string) => boolean;
  suspectMs?: number;
  /** Bound of a message that stalls short of its announced length, in ms. */
  stallMs?: number;
  /** The same where what came could already be the whole message, in ms. */
  shortStallMs?: number;
  /** Bound of one bare `AT` while the line is quarantined, and the quiet that must follow its `OK`, in ms. */
  barrierMs?: number;
  settleMs?: number;
}

export interface CommandOptions {
  /** Bound of the answer in ms, the time on the wire not counted; 10 s unless given. */
  timeoutMs?: number;
  /** The higher goes first; 0 unless given. */
  priority?: number;
  /** Aborts a waiting command; one that is on the line already runs to its end, unheard. */
  signal?: AbortSignal;
  /** Called with the final result at once, before anything that the module said behind it. */
  onAnswer?: (answer: CommandAnswer) => void;
}

export interface CommandAnswer {
  final: FinalResult;
  /** The lines between the command and its final result. */
  lines: string[];
  /** Milliseconds from the write to the final result. */
  ms: number;
}

interface ChannelEvents {
  /** Everything unsolicited: lines, payloads, what was cut. */
  unsolicited: [Frame];
  /** Bytes as they passed, for traces. */
  sent: [string];
  received: [Buffer];
  closed: [reason: string];
}

interface Command extends Required<Pick<CommandOptions, "timeoutMs" | "priority">> {
  onAnswer: CommandOptions["onAnswer"];
  text: string;
  lines: string[];
  startedAt: number;
  resolve: (answer: CommandAnswer) => void;
  reject: (error: Error) => void;
}

const BITS_PER_BYTE = 10; // 8N1: start bit, 8 data bits, stop bit
const MAX_BARRIERS = 3;
/** Lines of one answer that are kept; a module that never ends its answer must not fill the memory. */
const MAX_ANSWER_LINES = 10_000;

/**
 * One serial line to a module: one command in flight at a time, a queue with priorities, unsolicited lines apart.
 *
 * After a timeout the line is quarantined: a bare `AT` is the barrier, and nothing is taken for an answer before its `OK`
 * and a short quiet after it, so that a late answer is never taken for that of the next command.
 */
export class AtChannel extends EventEmitter<ChannelEvents> {
  private readonly framer: Framer;
  private readonly queue = new CommandQueue<Command>();
  private readonly clock: Clock;
  private readonly bitsPerSecond: number;
  private readonly options: ChannelOptions;
  private inFlight: Command | undefined;
  private cancelTimeout: (() => void) | undefined;
  private cancelStall: (() => void) | undefined;
  private cancelSuspect: (() => void) | undefined;
  private cancelBarrier: (() => void) | undefined;
  /** Set while quarantined: gets every final result. */
  private barrier: (() => void) | undefined;
  private isQuarantined = false;
  private closedBy: string | undefined;
  private isHeld = false;

  constructor(
    private readonly stream: Duplex,
    options: ChannelOptions = {},
  ) {
    super();
    this.options = options;
    this.clock = options.clock ?? systemClock;
    this.bitsPerSecond = options.baudRate ?? 115_200;
    this.framer = new Framer({ payloadRules: options.payloadRules ?? [] });
    stream.on("data", (chunk: Buffer) => {
      this.receive(chunk);
    });
    stream.on("error", (error) => {
      this.end(error.message);
    });
    for (const event of ["end", "close"])
      stream.on(event, () => {
        this.end("the other side ended it");
      });
  }

  /**
   * Sends a command and waits for its final result.
   * @param command without its line end
   * @throws CommandTimeoutError, LineUnresponsiveError, ChannelClosedError, or the signal's reason
   */
  command(command: string, options: CommandOptions = {}): Promise<CommandAnswer> {
    const { timeoutMs = 10_000, priority = 0, signal, onAnswer } = options;
    if (this.closedBy !== undefined) return Promise.reject(new ChannelClosedError(this.closedBy));
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const abort = () => {
        this.queue.remove(entry);
        reject(signal?.reason as Error);
      };
      const settled =
        <T>(settle: (value: T) => void) =>
        (value: T) => {
          signal?.removeEventListener("abort", abort);
          settle(value);
        };
      const entry: Command = {
        ...{ text: command, timeoutMs, priority, onAnswer, lines: [], startedAt: 0 },
        resolve: settled(resolve),
        reject: settled(reject),
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.queue.add(entry);
      this.startNext();
    });
  }

  /**
   * Back-pressure: while held nothing is read from the line, except for as long as a command waits for its answer.
   * What the module says meanwhile waits in the stream and in the buffers below it.
   */
  hold(isHeld: boolean): void {
    this.isHeld = isHeld;
    this.flow();
  }

  /** Ends the line; what waits is rejected. */
  close(): void {
    this.end("closed by the host");
    this.stream.destroy();
  }

  private flow(): void {
    const mustPause = this.isHeld && !this.inFlight && !this.isQuarantined && this.closedBy === undefined;
    if (mustPause) this.stream.pause();
    else if (this.stream.isPaused()) this.stream.resume();
  }

  private startNext(): void {
    if (this.inFlight || this.isQuarantined || this.closedBy !== undefined) return;
    const command = this.queue.take();
    if (!command) return;
    this.inFlight = command;
    this.flow();
    command.startedAt = this.clock.now();
    const boundMs = command.timeoutMs + this.wireMs(command.text);
    this.cancelTimeout = this.clock.after(boundMs, () => {
      this.inFlight = undefined;
      this.cancelSuspect?.();
      command.reject(new CommandTimeoutError(command.text, command.timeoutMs, command.lines));
      this.quarantine(1);
    });
    this.write(command.text);
  }

  /** One uninterrupted write: a pause inside a line makes some modules drop it. */
  private write(command: string): void {
    this.emit("sent", command);
    this.stream.write(`${command}\r`, "latin1");
  }

  private wireMs(command: string): number {
    return ((command.length + 1) * BITS_PER_BYTE * 1_000) / this.bitsPerSecond;
  }

  private quarantine(attempt: number): void {
    if (this.closedBy !== undefined) return;
    this.isQuarantined = true;
    this.cancelBarrier = this.clock.after(this.options.barrierMs ?? 2_000, () => {
      if (attempt < MAX_BARRIERS) {
        this.quarantine(attempt + 1);
        return;
      }
      this.release();
      for (const command of this.queue.clear()) command.reject(new LineUnresponsiveError(command.text));
    });
    this.barrier = () => {
      this.cancelBarrier?.();
      this.cancelBarrier = this.clock.after(this.options.settleMs ?? 200, () => {
        this.release();
        this.startNext();
      });
    };
    this.write("AT");
  }

  private release(): void {
    this.barrier = undefined;
    this.isQuarantined = false;
    this.flow();
  }

  private receive(chunk: Buffer): void {
    this.emit("received", chunk);
    for (const frame of this.framer.push(chunk)) this.dispatch(frame);
    this.cancelStall?.();
    this.cancelStall = undefined;
    if (!this.framer.isPending) return;
    const { stallMs = 5_000, shortStallMs = 300 } = this.options;
    this.cancelStall = this.clock.after(this.framer.couldEnd ? Math.min(stallMs, shortStallMs) : stallMs, () => {
      for (const frame of this.framer.stall()) this.dispatch(frame);
    });
  }

  private dispatch(frame: Frame): void {
    if (frame.kind === "line" && this.isAnswer(frame.line)) return;
    this.emit("unsolicited", frame);
  }

  /** Tries, in this order: the barrier, unsolicited, echo, final result, a line of the answer. */
  private isAnswer(line: string): boolean {
    const command = this.inFlight;
    const pending = command?.text ?? "";
    if (this.options.isUnsolicited?.(line, pending)) return false;
    if (this.isQuarantined) {
      if (finalResult(line)) this.barrier?.();
      return true; // late lines of the command that timed out
    }
    if (!command) return false;
    if (isEcho(line, command)) return true;
    const final = finalResult(line);
    if (!final) {
      if (command.lines.length < MAX_ANSWER_LINES) command.lines.push(line);
      return true;
    }
    if (this.options.isSuspect?.(final, command.text)) {
      this.cancelSuspect?.();
      this.cancelSuspect = this.clock.after(this.options.suspectMs ?? 1_000, () => {
        this.finish(command, final);
      });
      return false;
    }
    this.finish(command, final);
    return true;
  }

  private finish(command: Command, final: FinalResult): void {
    if (this.inFlight !== command) return;
    this.cancelTimeout?.();
    this.cancelSuspect?.();
    this.inFlight = undefined;
    const answer = { final, lines: command.lines, ms: this.clock.now() - command.startedAt };
    command.onAnswer?.(answer);
    command.resolve(answer);
    this.startNext();
    this.flow();
  }

  private end(reason: string): void {
    if (this.closedBy !== undefined) return;
    this.closedBy = reason;
    this.cancelTimeout?.();
    this.cancelStall?.();
    this.cancelSuspect?.();
    this.cancelBarrier?.();
    this.release();
    const waiting = this.queue.clear();
    if (this.inFlight) waiting.unshift(this.inFlight);
    this.inFlight = undefined;
    for (const command of waiting) command.reject(new ChannelClosedError(reason));
    this.emit("closed", reason);
  }
}

/** The command as the module repeats it, or what is left of that where the line lost some bytes at either end. */
function isEcho(line: string, { text, lines }: Command): boolean {
  if (line === text) return true;
  if (lines.length > 0 || line.length >= text.length) return false;
  const isBegin = line.startsWith("AT") && text.startsWith(line);
  return isBegin || (line.length > text.length / 2 && text.endsWith(line));
}
