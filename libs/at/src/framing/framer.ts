import { ByteQueue } from "./byte-queue";

/**
 * A line whose last field is a message of a stated number of bytes, which may itself hold line ends.
 * @typeParam Header what the rule makes of the fields before the message
 */
export interface PayloadRule<Header = unknown> {
  /** What such a line begins with, for example `+MQTTPUBLISH:`. */
  readonly prefix: string;
  /** Such a line has begun: what reads it, from its first byte to its last. */
  begin(): PayloadMatcher<Header>;
}

/** Reads one line with a message. It keeps what it has read, so that a line that comes byte by byte costs no more. */
export interface PayloadMatcher<Header = unknown> {
  /**
   * @param bytes from the prefix on, as far as received: those of the call before, and more
   * @param isStalled nothing more came for a while: decide on what is there
   */
  match(bytes: Buffer, isStalled: boolean): PayloadMatch<Header>;
}

export type PayloadMatch<Header = unknown> =
  /** Nothing can be told before `atBytes` are there. `couldEnd`: what is here would do already, but more may belong to it. */
  | { kind: "more"; atBytes: number; couldEnd: boolean }
  /** Not such a line after all: take it as an ordinary one. */
  | { kind: "line" }
  | { kind: "payload"; header: Header; payloadStart: number; end: number; isTruncated: boolean };

/** What the framer recognises, in the order it tries: payload lines, then lines. Nothing vanishes silently. */
export type Frame<Header = unknown> =
  | { kind: "line"; line: string }
  | { kind: "payload"; header: Header; payload: Buffer }
  | { kind: "truncated"; header: Header; payload: Buffer }
  /** A line longer than the bound; its begin is kept. */
  | { kind: "overlong"; line: string };

export interface FramerOptions<Header = unknown> {
  payloadRules?: readonly PayloadRule<Header>[];
  /** Longest line in bytes, its end not counted; 8 KiB unless given. */
  maxLineBytes?: number;
}

const LF = 10;
const CR = 13;

/**
 * Cuts a byte stream into lines and payloads, however it is chunked. CR and LF each end a line, empty lines and NULs are
 * passed over. Memory is bounded by the longest line or payload that the rules allow, and every byte is looked at a
 * bounded number of times.
 */
export class Framer<Header = unknown> {
  private readonly queue = new ByteQueue();
  private readonly rules: readonly PayloadRule<Header>[];
  private readonly maxLineBytes: number;
  /** How far the line at the head was already searched for its end, and whether it is all ASCII so far. */
  private searched = 0;
  private isAscii = true;
  private isSkipping = false;
  /** Reads the line at the head, where a rule's prefix begins it. */
  private matcher: PayloadMatcher<Header> | undefined;
  private isPlainLine = false;
  /** With fewer bytes the line at the head tells nothing new. */
  private neededBytes = 0;
  private headCouldEnd = false;
  private bytesTaken = 0;
  private lastBegan = 0;

  constructor(options: FramerOptions<Header> = {}) {
    this.rules = options.payloadRules ?? [];
    this.maxLineBytes = options.maxLineBytes ?? 8_192;
  }

  /** A line has begun whose end is still to come. */
  get isPending(): boolean {
    return this.queue.length > 0;
  }

  /** What is pending could be a whole unit already: a short silence is enough to tell. */
  get couldEnd(): boolean {
    return this.isPending && this.headCouldEnd;
  }

  /** Where in the stream the frame began that was cut last, in bytes. */
  get frameBegan(): number {
    return this.lastBegan;
  }

  /** @param map applied to each frame before the next is cut, so that a rule may learn from the frames before */
  push<T = Frame<Header>>(chunk: Uint8Array, map?: (frame: Frame<Header>) => T): T[] {
    this.queue.append(chunk);
    return this.drain(false, map);
  }

  /** Call when nothing came for some seconds: what is half received is cut and told. */
  stall<T = Frame<Header>>(map?: (frame: Frame<Header>) => T): T[] {
    return this.drain(true, map);
  }

  private drain<T>(isStalled: boolean, map: (frame: Frame<Header>) => T = (frame) => frame as T): T[] {
    const frames: T[] = [];
    let stalled = isStalled;
    for (;;) {
      const frame = this.next(stalled);
      if (frame === undefined) return frames;
      if (frame !== "skipped") {
        frames.push(map(frame));
        stalled = false; // only the unit at the head had stalled; what follows may still be arriving
      }
    }
  }

  private next(isStalled: boolean): Frame<Header> | "skipped" | undefined {
    if (this.queue.length < this.neededBytes && !isStalled) return undefined;
    if (this.searched === 0 && !this.matcher) this.skipEmpty();
    if (this.queue.length === 0) return undefined;
    const frame = this.isPlainLine ? "line" : this.nextPayload(isStalled);
    return frame === "line" ? this.nextLine(isStalled) : frame;
  }

  /** Undefined while the head may still be a line with a message; "line" where it is none. */
  private nextPayload(isStalled: boolean): Frame<Header> | "line" | undefined {
    this.matcher ??= this.beginMatcher(isStalled);
    if (!this.matcher) return this.isPlainLine ? "line" : undefined;
    const match = this.matcher.match(this.queue.view(), isStalled);
    if (match.kind === "line") {
      this.isPlainLine = true;
      return "line";
    }
    if (match.kind === "more") {
      this.neededBytes = match.atBytes;
      this.headCouldEnd = match.couldEnd;
      return undefined;
    }
    const { buffer, start } = this.queue;
    const payload = Buffer.from(buffer.subarray(start + match.payloadStart, start + match.end));
    this.take(match.end);
    return { kind: match.isTruncated ? "truncated" : "payload", header: match.header, payload };
  }

  private beginMatcher(isStalled: boolean): PayloadMatcher<Header> | undefined {
    const { buffer, start, end } = this.queue;
    let isOpen = false;
    for (const rule of this.isSkipping ? [] : this.rules) {
      const begins = beginsWith(buffer, start, end, rule.prefix);
      if (begins === "yes") return rule.begin();
      isOpen ||= begins === "open";
    }
    this.isPlainLine = !isOpen || isStalled;
    return undefined;
  }

  /** Drops what stands between lines. */
  private skipEmpty(): void {
    const { buffer, start, end } = this.queue;
    let at = start;
    for (; at < end; at++) {
      const byte = buffer[at];
      if (byte === CR || byte === LF) this.isSkipping = false;
      else if (byte !== 0) break;
    }
    if (at > start) this.take(at - start);
  }

  private nextLine(isStalled: boolean): Frame<Header> | "skipped" | undefined {
    const { buffer, start, end } = this.queue;
    let at = start + this.searched;
    for (; at < end; at++) {
      const byte = buffer[at] ?? 0;
      if (byte === LF || byte === CR) break;
      if (byte >= 0x80 || byte === 0) this.isAscii = false;
    }
    const length = at - start;
    if (at < end) return this.takeLine(length);
    this.searched = length;
    if (length > this.maxLineBytes) {
      const wasSkipping = this.isSkipping;
      const line = this.text(this.maxLineBytes);
      this.take(length);
      this.isSkipping = true;
      return wasSkipping ? "skipped" : { kind: "overlong", line };
    }
    return isStalled ? this.takeLine(length) : undefined;
  }

  private takeLine(length: number): Frame<Header> | "skipped" {
    const wasSkipping = this.isSkipping;
    const line = this.text(Math.min(length, this.maxLineBytes));
    this.take(length);
    this.isSkipping = false;
    if (wasSkipping || line === "") return "skipped";
    return { kind: length > this.maxLineBytes ? "overlong" : "line", line };
  }

  /** The begin of the line at the head. Lines are nearly always ASCII, for which latin1 is the same and quicker. */
  private text(length: number): string {
    const { buffer, start } = this.queue;
    const end = start + length;
    return this.isAscii
      ? buffer.toString("latin1", start, end)
      : buffer.toString("utf8", start, end).replaceAll("\0", "");
  }

  private take(count: number): void {
    this.queue.drop(count);
    this.lastBegan = this.bytesTaken;
    this.bytesTaken += count;
    this.searched = 0;
    this.isAscii = true;
    this.matcher = undefined;
    this.isPlainLine = false;
    this.neededBytes = 0;
    this.headCouldEnd = false;
  }
}

/** `open`: as far as received it does, and the rest is still to come. A line end decides. */
function beginsWith(bytes: Buffer, start: number, end: number, prefix: string): "yes" | "no" | "open" {
  const length = Math.min(end - start, prefix.length);
  for (let index = 0; index < length; index++) if (bytes[start + index] !== prefix.charCodeAt(index)) return "no";
  return length === prefix.length ? "yes" : "open";
}
