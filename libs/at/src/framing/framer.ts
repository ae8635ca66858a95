import { ByteQueue } from "./byte-queue";

/**
 * A line whose last field is a message of a stated number of bytes, which may itself hold line ends.
 * The framer asks at every beginning of a line; the rule answers from the bytes received so far.
 */
export interface PayloadRule {
  /** What such a line begins with, for example `+MQTTPUBLISH:`. */
  readonly prefix: string;
  /**
   * @param bytes from the prefix on, as far as received
   * @param isStalled nothing more came for a while: decide on what is there
   */
  match(bytes: Buffer, isStalled: boolean): PayloadMatch;
}

export type PayloadMatch =
  /** `couldEnd`: what is here would do already, but more may belong to it. */
  | { kind: "more"; couldEnd?: boolean }
  /** Not such a line after all: take it as an ordinary one. */
  | { kind: "line" }
  | { kind: "payload"; header: string; payloadStart: number; payloadEnd: number; end: number; isTruncated: boolean };

/** What the framer recognises, in the order it tries: payload lines, then lines. Nothing vanishes silently. */
export type Frame =
  | { kind: "line"; line: string }
  | { kind: "payload"; header: string; payload: Buffer }
  | { kind: "truncated"; header: string; payload: Buffer }
  /** A line longer than the bound; its begin is kept. */
  | { kind: "overlong"; line: string };

export interface FramerOptions {
  payloadRules?: readonly PayloadRule[];
  /** Longest line in bytes, its end not counted; 8 KiB unless given. */
  maxLineBytes?: number;
}

const LF = 10;
const CR = 13;

/**
 * Cuts a byte stream into lines and payloads, however it is chunked. CR and LF each end a line, empty lines and NULs are
 * passed over. Memory is bounded by the longest line or payload that the rules allow.
 */
export class Framer {
  private readonly queue = new ByteQueue();
  private readonly rules: readonly PayloadRule[];
  private readonly maxLineBytes: number;
  /** How far the line at the head was already searched for its end. */
  private searched = 0;
  private isSkipping = false;
  private headCouldEnd = false;

  constructor(options: FramerOptions = {}) {
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

  /** @param map applied to each frame before the next is cut, so that a rule may learn from the frames before */
  push<T = Frame>(chunk: Uint8Array, map?: (frame: Frame) => T): T[] {
    this.queue.append(chunk);
    return this.drain(false, map);
  }

  /** Call when nothing came for some seconds: what is half received is cut and told. */
  stall<T = Frame>(map?: (frame: Frame) => T): T[] {
    return this.drain(true, map);
  }

  private drain<T>(isStalled: boolean, map: (frame: Frame) => T = (frame) => frame as T): T[] {
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

  private next(isStalled: boolean): Frame | "skipped" | undefined {
    this.skipEmpty();
    const { queue } = this;
    const { buffer, start, end } = queue;
    if (start === end) return undefined;
    const rule = this.isSkipping ? undefined : this.rules.find(({ prefix }) => beginsWith(buffer, start, end, prefix));
    if (rule) {
      const match = rule.match(queue.view(), isStalled);
      if (match.kind === "more") {
        this.headCouldEnd = match.couldEnd ?? false;
        return undefined;
      }
      if (match.kind === "payload") {
        const payload = Buffer.from(buffer.subarray(start + match.payloadStart, start + match.payloadEnd));
        this.take(match.end);
        return { kind: match.isTruncated ? "truncated" : "payload", header: match.header, payload };
      }
    }
    return this.nextLine(isStalled);
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

  private nextLine(isStalled: boolean): Frame | "skipped" | undefined {
    const { buffer, start, end } = this.queue;
    let at = start + this.searched;
    while (at < end && buffer[at] !== LF && buffer[at] !== CR) at++;
    const length = at - start;
    if (at < end) return this.takeLine(length);
    this.searched = length;
    if (length > this.maxLineBytes) {
      const wasSkipping = this.isSkipping;
      const line = text(buffer, start, start + this.maxLineBytes);
      this.take(length);
      this.isSkipping = true;
      return wasSkipping ? "skipped" : { kind: "overlong", line };
    }
    return isStalled ? this.takeLine(length) : undefined;
  }

  private takeLine(length: number): Frame | "skipped" {
    const wasSkipping = this.isSkipping;
    const { buffer, start } = this.queue;
    const line = text(buffer, start, start + Math.min(length, this.maxLineBytes));
    this.take(length);
    this.isSkipping = false;
    if (wasSkipping || line === "") return "skipped";
    return { kind: length > this.maxLineBytes ? "overlong" : "line", line };
  }

  private take(count: number): void {
    this.queue.drop(count);
    this.searched = 0;
    this.headCouldEnd = false;
  }
}

function beginsWith(bytes: Buffer, start: number, end: number, prefix: string): boolean {
  if (end - start < prefix.length) return false;
  for (let index = prefix.length - 1; index >= 0; index--)
    if (bytes[start + index] !== prefix.charCodeAt(index)) return false;
  return true;
}

/** Lines are nearly always ASCII, for which latin1 is the same and quicker. */
function text(bytes: Buffer, start: number, end: number): string {
  let isPlain = true;
  for (let at = start; at < end && isPlain; at++) {
    const byte = bytes[at] ?? 0;
    isPlain = byte < 0x80 && byte !== 0;
  }
  return isPlain ? bytes.toString("latin1", start, end) : bytes.toString("utf8", start, end).replaceAll("\0", "");
}
