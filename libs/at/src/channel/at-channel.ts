import { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";
import { type Clock, systemClock } from "../clock";
import { ChannelClosedError, CommandTimeoutError, LineUnresponsiveError } from "../errors";
import { type Frame, Framer, type PayloadRule } from "../framing/framer";
import { Barrier } from "./barrier";
import { CommandQueue } from "./command-queue";
import { type FinalResult, finalResult } from "./final-result";

export interface ChannelOptions<Header = unknown> {
  baudRate?: number;
  clock?: Clock;
  payloadRules?: readonly PayloadRule<Header>[];
  /**
   * Whether a line is unsolicited although a command waits for its answer. A line that is neither this, nor an echo, nor
   * a final result belongs to the command.
   */
  isUnsolicited?: (line: string, command: string) => boolean;
  /**
   * Whether a final result may be none of this command's: the complaint of another task of the module, or one that is left
   * of an earlier command. It ends the command only when no other final result follows within `suspectMs` (1 s).
   * @param lines that came before it
   */
  isSuspect?: (final: FinalResult, command: string, lines: readonly string[]) => boolean;
  suspectMs?: number;
  /** Bound of a message that stalls short of its announced length, in ms. */
  stallMs?: number;
  /** The same where what came could already be the whole message, in ms. */
  shortStallMs?: number;
  /** A unit that is half received and quiet for so long, in ms, is cut before anything is sent; 1 s unless given. */
  staleMs?: number;
  /** Bound of one bare `AT` while the line is quarantined, and the quiet that must follow its `OK`, in ms. */
  barrierMs?: number;
  settleMs?: number;
  /**
   * After so long a quiet, in ms, the module may sleep and lose the first bytes: a bare `AT` goes before the command, and
   * again where it is not answered within `wakeMs` (500). Never unless given.
   */
  sleepsAfterMs?: number;
  wakeMs?: number;
}

export interface CommandOptions {
  /** Bound of the answer in ms, the time on the wire not counted; 10 s unless given. */
  timeoutMs?: number;
  /** The higher goes first; 0 unless given. */
  priority?: number;
  /** Aborts a waiting command; one that is on the line already runs to its end, unheard. */
  signal?: AbortSignal;
  /** Called when the command goes on the line. */
  onSend?: () => void;
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

interface ChannelEvents<Header> {
  /** Everything unsolicited: lines, payloads, what was cut. */
  unsolicited: [Frame<Header>];
  /** Bytes as they passed, for traces. */
  sent: [string];
  received: [Buffer];
  closed: [reason: string];
}

interface Command extends Required<Pick<CommandOptions, "timeoutMs" | "priority">> {
  onSend: CommandOptions["onSend"];
  onAnswer: CommandOptions["onAnswer"];
  text: string;
  lines: string[];
  lineChars: number;
  startedAt: number;
  /** Bytes received on the line before it was sent. */
  bytesBefore: number;
  resolve: (answer: CommandAnswer) => void;
  reject: (error: Error) => void;
}

const BITS_PER_BYTE = 10; // 8N1: start bit, 8 data bits, stop bit
const MAX_BARRIERS = 3;
const MAX_WAKE_UPS = 2;
/** Characters of one answer that are kept; a module that never ends its answer must not fill the memory. */
const MAX_ANSWER_CHARS = 131_072;

/**
 * One serial line to a module: one command in flight at a time, a queue with priorities, unsolicited lines apart.
 *
 * After a timeout the line is quarantined: a bare `AT` is the barrier, and nothing is taken for an answer before its `OK`
 * and a short quiet after it, so that a late answer is never taken for that of the next command.
 * @typeParam Header what the payload rules make of the fields before a message
 */
export class AtChannel<Header = unknown> extends EventEmitter<ChannelEvents<Header>> {
  private readonly framer: Framer<Header>;
  private readonly queue = new CommandQueue<Command>();
  private readonly clock: Clock;
  private readonly barrier: Barrier;
  private readonly bitsPerSecond: number;
  private inFlight: Command | undefined;
  private cancelTimeout: (() => void) | undefined;
  private cancelStall: (() => void) | undefined;
  private cancelSuspect: (() => void) | undefined;
  private closedBy: string | undefined;
  private isHeld = false;
  /** What one chunk holds was said before anything that it makes us send. */
  private isReceiving = false;
  private bytesReceived = 0;
  private receivedAt: number;
  /** When the module last had something to do for us; what it says by itself may be that it falls asleep. */
  private usedAt: number;

  constructor(
    private readonly stream: Duplex,
    private readonly options: ChannelOptions<Header> = {},
  ) {
    super();
    this.clock = options.clock ?? systemClock;
    this.receivedAt = this.usedAt = this.clock.now();
    this.bitsPerSecond = options.baudRate ?? 115_200;
    this.framer = new Framer({ payloadRules: options.payloadRules ?? [] });
    this.barrier = new Barrier({
      clock: this.clock,
      send: () => {
        this.write("AT");
      },
    });
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

  /** The line has ended; nothing more is sent or heard. */
  get isClosed(): boolean {
    return this.closedBy !== undefined;
  }

  /**
   * Sends a command and waits for its final result.
   * @param command without its line end
   * @throws CommandTimeoutError, LineUnresponsiveError, ChannelClosedError, or the signal's reason
   */
  command(command: string, options: CommandOptions = {}): Promise<CommandAnswer> {
    const { timeoutMs = 10_000, priority = 0, signal, onSend, onAnswer } = options;
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
        ...{ text: command, timeoutMs, priority, onSend, onAnswer },
        ...{ lines: [], lineChars: 0, startedAt: 0, bytesBefore: 0 },
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
    const mustPause = this.isHeld && !this.inFlight && !this.barrier.isUp && this.closedBy === undefined;
    if (mustPause) this.stream.pause();
    else if (this.stream.isPaused()) this.stream.resume();
  }

  private startNext(): void {
    if (this.inFlight || this.barrier.isUp || this.isReceiving || this.closedBy !== undefined) return;
    if (this.queue.isEmpty) return;
    if (this.clock.now() - this.usedAt > (this.options.sleepsAfterMs ?? Infinity)) {
      this.wake();
      return;
    }
    const command = this.queue.take();
    if (!command) return;
    this.inFlight = command;
    this.flow();
    command.startedAt = this.clock.now();
    command.bytesBefore = this.bytesReceived;
    this.watch(command);
    command.onSend?.();
    this.write(command.text);
  }

  /** The command's bound does not count the time that it, and what the module said meanwhile, take on the wire. */
  private watch(command: Command): void {
    const { timeoutMs, text, startedAt, bytesBefore } = command;
    const heardMs = Math.min(timeoutMs, this.wireMs(this.bytesReceived - bytesBefore));
    const dueAt = startedAt + timeoutMs + this.wireMs(text.length + 1) + heardMs;
    this.cancelTimeout = this.clock.after(Math.max(0, dueAt - this.clock.now()), () => {
      if (timeoutMs > heardMs && this.wireMs(this.bytesReceived - bytesBefore) > heardMs) this.watch(command);
      else this.timedOut(command);
    });
  }

  private timedOut(command: Command): void {
    this.inFlight = undefined;
    this.cancelSuspect?.();
    command.reject(new CommandTimeoutError(command.text, command.timeoutMs, command.lines));
    const { barrierMs = 2_000, settleMs = 500 } = this.options;
    this.barrier.raise({ attempts: MAX_BARRIERS, eachMs: barrierMs, settleMs }, (isAnswered) => {
      this.flow();
      const waiting = isAnswered ? [] : this.queue.clear();
      for (const { text, reject } of waiting) reject(new LineUnresponsiveError(text));
      this.startNext();
    });
    this.flow();
  }

  /** Sacrifices an `AT`; whether it was heard or not, the command goes next. */
  private wake(): void {
    const { wakeMs = 500 } = this.options;
    this.barrier.raise({ attempts: MAX_WAKE_UPS, eachMs: wakeMs, settleMs: 0 }, () => {
      this.usedAt = this.clock.now();
      this.startNext();
      this.flow();
    });
    this.flow();
  }

  /** One uninterrupted write: a pause inside a line makes some modules drop it. */
  private write(command: string): void {
    const isStale = this.clock.now() - this.receivedAt >= (this.options.staleMs ?? 1_000);
    if (isStale && this.framer.isPending) this.cut(); // or it would swallow the answer
    this.usedAt = this.clock.now();
    this.emit("sent", command);
    this.stream.write(`${command}\r`, "latin1");
  }

  private wireMs(bytes: number): number {
    return (bytes * BITS_PER_BYTE * 1_000) / this.bitsPerSecond;
  }

  private receive(chunk: Buffer): void {
    this.bytesReceived += chunk.length;
    this.receivedAt = this.clock.now();
    this.emit("received", chunk);
    this.dispatch(this.framer.push(chunk, this.placed));
    this.awaitRest();
  }

  /** A unit that is half received gets a bound of its own. */
  private awaitRest(): void {
    this.cancelStall?.();
    this.cancelStall = undefined;
    if (!this.framer.isPending || this.closedBy !== undefined) return;
    const { stallMs = 5_000, shortStallMs = 300 } = this.options;
    this.cancelStall = this.clock.after(this.framer.couldEnd ? Math.min(stallMs, shortStallMs) : stallMs, () => {
      this.cut();
    });
  }

  /** Nothing more is expected of what is half received. */
  private cut(): void {
    this.dispatch(this.framer.stall(this.placed));
    this.awaitRest();
  }

  private readonly placed = (frame: Frame<Header>) => ({ frame, began: this.framer.frameBegan });

  private dispatch(frames: readonly { frame: Frame<Header>; began: number }[]): void {
    const wasReceiving = this.isReceiving;
    this.isReceiving = true;
    for (const { frame, began } of frames)
      if (frame.kind !== "line" || !this.isAnswer(frame.line, began)) this.emit("unsolicited", frame);
    this.isReceiving = wasReceiving;
    this.startNext();
  }

  /** Tries, in this order: unsolicited, the barrier, echo, final result, a line of the answer. */
  private isAnswer(line: string, began: number): boolean {
    const command = this.inFlight;
    if (this.options.isUnsolicited?.(line, command?.text ?? "")) return false;
    if (this.barrier.isUp) {
      this.barrier.hear(line);
      return true; // late lines of the command that timed out
    }
    if (!command || began < command.bytesBefore) return false; // what began before it was sent answers something else
    if (isEcho(line, command)) return true;
    const final = finalResult(line);
    if (!final) {
      command.lineChars += line.length;
      if (command.lineChars <= MAX_ANSWER_CHARS) command.lines.push(line);
      return true;
    }
    if (this.options.isSuspect?.(final, command.text, command.lines)) {
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
    this.usedAt = this.clock.now();
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
    this.barrier.lower();
    this.flow();
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
