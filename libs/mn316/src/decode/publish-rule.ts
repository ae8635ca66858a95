import type { PayloadMatch, PayloadRule } from "@mn316-fleet/at";

export interface PublishRuleOptions {
  /** Longest message that is believed, in bytes; 64 KiB unless given. */
  maxPayloadBytes?: number;
  /** Breaks a tie where the topic holds commas: whether a topic is one we could receive. */
  isExpected?: (topic: string) => boolean;
}

interface Candidate {
  topic: string;
  length: number;
  start: number;
}

const COMMA = 44;
const CR = 13;
const LF = 10;
const PREFIX = "+MQTTPUBLISH:";
const MAX_HEADER_BYTES = 1_200;
/** Behind the end that was announced, how far to look for a line that only a module writes. */
const MAX_OVERSHOOT_BYTES = 256;
const NUMBERS = /^\+MQTTPUBLISH: ?\d+,\d+,\d+,\d+,/;
/** Stable under more bytes: what matches a begin matches the whole. */
const MODULE_LINE = /^(\+(MQTT|C[A-Z]|POWERON|NPSMR)|OK[\r\n]|ERROR[\r\n]|AT\+|REBOOTING|\^SIMST|\*ATREADY)/;
const DECISIVE_BYTES = 10;

/**
 * `+MQTTPUBLISH:<dup>,<qos>,<retained>,<packId>,<topic>,<msg_len>,<message>` (§2.11). The message is exactly `msg_len`
 * bytes and may hold anything; the topic may hold commas. So every `,<digits>,` after the packet id could be the length:
 * the first one behind whose bytes the line ends is it, those first whose topic we expect.
 */
export class PublishRule implements PayloadRule {
  readonly prefix = PREFIX;
  private readonly maxPayloadBytes: number;

  constructor(private readonly options: PublishRuleOptions = {}) {
    this.maxPayloadBytes = options.maxPayloadBytes ?? 65_536;
  }

  match(bytes: Buffer, isStalled: boolean): PayloadMatch {
    const lineEnd = endOfLine(bytes, PREFIX.length, Math.min(bytes.length, MAX_HEADER_BYTES));
    const headEnd = lineEnd < 0 ? Math.min(bytes.length, MAX_HEADER_BYTES) : lineEnd;
    const isHeadOpen = lineEnd < 0 && bytes.length < MAX_HEADER_BYTES && !isStalled;
    const numbers = NUMBERS.exec(bytes.toString("latin1", 0, Math.min(headEnd, 64)))?.[0];
    if (numbers === undefined) return { kind: isHeadOpen && bytes.length < 64 ? "more" : "line" };

    const candidates = this.candidates(bytes, numbers.length, headEnd, lineEnd);
    let isOpen = false;
    let fitting: Candidate | undefined;
    for (const candidate of candidates) {
      const fit = fits(bytes, candidate, isStalled);
      if (fit === "open") isOpen = true;
      if (fit === "yes" && !isOpen) return found(numbers, candidate, candidate.start + candidate.length, false);
      if (fit === "yes") fitting ??= candidate;
    }
    if (isOpen) return { kind: "more", couldEnd: fitting !== undefined };
    const first = candidates[0];
    if (!first) return { kind: isHeadOpen ? "more" : "line" };
    // Another number of bytes came than announced: what there is, up to where the stream is in step again.
    const cut = resynchronised(bytes, first, isStalled);
    return cut === undefined ? { kind: "more", couldEnd: true } : found(numbers, first, cut, true);
  }

  /** The places where the length could stand; those whose topic we expect come first. */
  private candidates(bytes: Buffer, topicStart: number, headEnd: number, lineEnd: number): Candidate[] {
    const found: Candidate[] = [];
    for (
      let comma = bytes.indexOf(COMMA, topicStart);
      comma >= 0 && comma < headEnd;
      comma = bytes.indexOf(COMMA, comma + 1)
    ) {
      let digitsEnd = comma + 1;
      let length = 0;
      for (let digit = bytes[digitsEnd]; digit !== undefined && digit >= 48 && digit <= 57; digit = bytes[digitsEnd]) {
        length = Math.min(length * 10 + digit - 48, Number.MAX_SAFE_INTEGER / 16);
        digitsEnd++;
      }
      if (digitsEnd === comma + 1 || length > this.maxPayloadBytes) continue;
      const isOnNextLine = digitsEnd === lineEnd;
      if (bytes[digitsEnd] !== COMMA && !isOnNextLine) continue;
      const topic = unquoted(bytes.toString("utf8", topicStart, comma));
      if (topic === "" || topic.includes("+") || topic.includes("#")) continue; // a filter is no topic (MQTT 3.1.1 §4.7)
      const start = isOnNextLine ? nextLine(bytes, lineEnd, length) : digitsEnd + 1;
      found.push({ topic, length, start });
    }
    const { isExpected } = this.options;
    if (!isExpected || found.length < 2) return found;
    return [...found.filter(({ topic }) => isExpected(topic)), ...found.filter(({ topic }) => !isExpected(topic))];
  }
}

function fits(bytes: Buffer, { start, length }: Candidate, isStalled: boolean): "yes" | "no" | "open" {
  const end = start + length;
  if (end > bytes.length) return isStalled ? "no" : "open";
  if (end === bytes.length) return isStalled ? "yes" : "open";
  // An LF whose CR would be the message's last byte ends a message that is one byte short.
  if (bytes[end] === LF) return length > 0 && bytes[end - 1] === CR ? "no" : "yes";
  return bytes[end] === CR ? "yes" : "no";
}

/** The header is written anew in one spelling, so that it can be split again from both ends. */
function found(numbers: string, { topic, length, start }: Candidate, end: number, isTruncated: boolean): PayloadMatch {
  const header = `${numbers}${topic},${length}`;
  return { kind: "payload", header, payloadStart: Math.min(start, end), payloadEnd: end, end, isTruncated };
}

/** The first line end behind which a line begins that only a module writes; undefined while more bytes may tell. */
function resynchronised(bytes: Buffer, { start, length }: Candidate, isStalled: boolean): number | undefined {
  const limit = start + length + MAX_OVERSHOOT_BYTES;
  for (let end = endOfLine(bytes, start); end >= 0 && end < limit; end = endOfLine(bytes, end + 1)) {
    const next = bytes.toString("latin1", end, end + 2 * DECISIVE_BYTES).trimStart();
    if (MODULE_LINE.test(next)) return end;
    if (next.length >= DECISIVE_BYTES) continue;
    if (isStalled && next === "") return end;
    if (!isStalled && end + 2 * DECISIVE_BYTES > bytes.length) return undefined;
  }
  if (bytes.length < limit) return isStalled ? bytes.length : undefined;
  return limit;
}

/** The next CR or LF; -1 where there is none before `to`. */
function endOfLine(bytes: Buffer, from: number, to = bytes.length): number {
  for (let at = from; at < to; at++) if (bytes[at] === LF || bytes[at] === CR) return at;
  return -1;
}

/** Where the message begins that stands on the line after its header; an empty one has no line of its own. */
function nextLine(bytes: Buffer, end: number, length: number): number {
  if (length === 0) return end;
  return bytes[end] === CR && (bytes[end + 1] ?? LF) === LF ? end + 2 : end + 1;
}

function unquoted(text: string): string {
  return text.length >= 2 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}
