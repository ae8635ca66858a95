import type { PayloadMatch, PayloadMatcher, PayloadRule } from "@mn316-fleet/at";
import { PublishHead, type LengthField, type PublishHeader } from "./publish-head";
import { Resynchroniser } from "./resynchroniser";

export interface PublishRuleOptions {
  /** Longest message that is believed, in bytes; 64 KiB unless given. */
  maxPayloadBytes?: number;
  /** Breaks a tie where the topic holds commas: whether a topic is one we could receive. */
  isExpected?: (topic: string) => boolean;
}

const PREFIX = "+MQTTPUBLISH:";
const CR = 13;
const LF = 10;

/**
 * `+MQTTPUBLISH:<dup>,<qos>,<retained>,<packId>,<topic>,<msg_len>,<message>` (§2.11). The message is exactly `msg_len`
 * bytes and may hold anything; the topic may hold commas. So every `,<digits>,` after the packet id could be the length:
 * the first one behind whose bytes the line ends is it, those first whose topic we expect.
 */
export class PublishRule implements PayloadRule<PublishHeader> {
  readonly prefix = PREFIX;
  private readonly maxPayloadBytes: number;

  constructor(private readonly options: PublishRuleOptions = {}) {
    this.maxPayloadBytes = options.maxPayloadBytes ?? 65_536;
  }

  begin(): PayloadMatcher<PublishHeader> {
    return new PublishMatcher(new PublishHead(PREFIX.length, this.maxPayloadBytes), this.options.isExpected);
  }
}

class PublishMatcher implements PayloadMatcher<PublishHeader> {
  /** Places where the length could stand and that were not refuted yet, in their order. */
  private open: LengthField[] = [];
  private first: LengthField | undefined;
  /** With fewer bytes none of them can be judged. */
  private judgeAt = Infinity;
  private resynchroniser: Resynchroniser | undefined;

  constructor(
    private readonly head: PublishHead,
    private readonly isExpected: ((topic: string) => boolean) | undefined,
  ) {}

  match(bytes: Buffer, isStalled: boolean): PayloadMatch<PublishHeader> {
    const { head } = this;
    if (!head.isComplete) {
      for (const field of head.read(bytes, isStalled)) {
        this.first ??= field;
        this.open.push(field);
        this.judgeAt = Math.min(this.judgeAt, judgeableAt(field));
      }
      if (head.isNone) return { kind: "line" };
    }
    const isTooEarly = this.open.length > 0 && bytes.length < this.judgeAt && !isStalled;
    const { fitting, atBytes } = isTooEarly ? { atBytes: this.judgeAt } : this.weigh(bytes, isStalled);
    if (fitting && atBytes === undefined) return this.found(bytes, fitting, fitting.start + fitting.length, false);
    if (atBytes !== undefined)
      return { kind: "more", atBytes: head.isComplete ? atBytes : bytes.length + 1, couldEnd: fitting !== undefined };
    if (!head.isComplete) return { kind: "more", atBytes: bytes.length + 1, couldEnd: false };
    if (!this.first) return { kind: "line" };
    // Another number of bytes came than announced: what there is, up to where the stream is in step again.
    this.resynchroniser ??= new Resynchroniser(this.first.start, this.first.length);
    const cut = this.resynchroniser.find(bytes, isStalled);
    if (cut === undefined) return { kind: "more", atBytes: bytes.length + 1, couldEnd: true };
    return this.found(bytes, this.first, cut, true);
  }

  /** The place that fits, and with how many bytes one that would go before it can be judged. */
  private weigh(bytes: Buffer, isStalled: boolean): { fitting?: LengthField | undefined; atBytes?: number } {
    const fitting: LengthField[] = [];
    this.open = this.open.filter((field) => {
      const fit = fitOf(bytes, field, isStalled);
      if (fit === "yes") fitting.push(field);
      return fit !== "no";
    });
    if (fitting.length === this.open.length && this.open.length < 2) return { fitting: fitting[0] };
    this.judgeAt = earliest(this.open);
    if (fitting.length === 0) return { atBytes: this.judgeAt };
    const ordered = this.inOrder(bytes);
    const index = ordered.findIndex((field) => fitting.includes(field));
    const before = ordered.slice(0, index);
    return { fitting: ordered[index], ...(before.length > 0 && { atBytes: earliest(before) }) };
  }

  /** Those whose topic we expect come first. */
  private inOrder(bytes: Buffer): readonly LengthField[] {
    const { isExpected } = this;
    if (!isExpected) return this.open;
    const expected = new Set(this.open.filter((field) => isExpected(this.head.topic(bytes, field))));
    return [...expected, ...this.open.filter((field) => !expected.has(field))];
  }

  private found(bytes: Buffer, field: LengthField, end: number, isTruncated: boolean): PayloadMatch<PublishHeader> {
    const header = this.head.fields(bytes, field);
    return { kind: "payload", header, payloadStart: Math.min(field.start, end), end, isTruncated };
  }
}

/** How many bytes it takes to see whether the line ends where this field says. */
function judgeableAt({ start, length }: LengthField): number {
  return start + length + 1;
}

function earliest(fields: readonly LengthField[]): number {
  return fields.reduce((least, field) => Math.min(least, judgeableAt(field)), Infinity);
}

/** Whether the line ends behind the message that a length field promises. */
function fitOf(bytes: Buffer, { start, length }: LengthField, isStalled: boolean): "yes" | "no" | "open" {
  const end = start + length;
  if (end > bytes.length) return isStalled ? "no" : "open";
  if (end === bytes.length) return isStalled ? "yes" : "open";
  // An LF whose CR would be the message's last byte ends a message that is one byte short.
  if (bytes[end] === LF) return length > 0 && bytes[end - 1] === CR ? "no" : "yes";
  return bytes[end] === CR ? "yes" : "no";
}
