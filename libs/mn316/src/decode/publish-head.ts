/** The fields of `+MQTTPUBLISH` before the message (§2.11). */
export interface PublishHeader {
  dup: number;
  qos: number;
  retained: number;
  packId: number;
  topic: string;
  msgLen: number;
}

/** A place where `<msg_len>` could stand, and with it the end of the topic. */
export interface LengthField {
  /** Of the comma before the digits. */
  topicEnd: number;
  length: number;
  /** Where the message would begin. */
  start: number;
}

const COMMA = 44;
const SPACE = 32;
const QUOTE = 34;
const PLUS = 43;
const HASH = 35;
const CR = 13;
const LF = 10;
const NUMBERS = 4;
/** What a JavaScript number holds exactly. */
const MAX_DIGITS = 15;
const MAX_HEAD_BYTES = 1_200;

/**
 * Reads the head of a `+MQTTPUBLISH` line byte by byte, each byte once: four numbers, then the topic, and in it all the
 * places that could be the length.
 */
export class PublishHead {
  private at: number;
  private readonly numbers: number[] = [];
  private topicStart = 0;
  private value = 0;
  private digits = 0;
  private lastComma = -1;
  private isEnded = false;
  private isRefused = false;

  /** @param begin where the first field stands */
  constructor(
    private readonly begin: number,
    private readonly maxPayloadBytes: number,
  ) {
    this.at = begin;
  }

  /** Nothing more can be learnt from it. */
  get isComplete(): boolean {
    return this.isEnded;
  }

  /** The line is no such head. */
  get isNone(): boolean {
    return this.isRefused;
  }

  /** Reads on, and gives the length fields that were found. */
  read(bytes: Buffer, isStalled: boolean): LengthField[] {
    const found: LengthField[] = [];
    const to = Math.min(bytes.length, MAX_HEAD_BYTES);
    for (; this.at < to && !this.isEnded; this.at++) {
      const byte = bytes[this.at] ?? 0;
      if (byte === CR || byte === LF) {
        // Whether the message begins behind one byte or two takes a look at the second.
        if (byte === CR && this.at + 1 === bytes.length && !isStalled) return found;
        // An empty message has no line of its own: this end is the whole line's.
        this.take(found, bytes, this.value === 0 ? this.at : nextLine(bytes, this.at));
        this.isEnded = true;
      } else if (this.numbers.length < NUMBERS) this.readNumber(byte);
      else this.readTopic(byte, bytes, found);
    }
    if (this.at >= MAX_HEAD_BYTES || isStalled) this.isEnded = true;
    if (this.isEnded && this.numbers.length < NUMBERS) this.isRefused = true;
    return found;
  }

  topic(bytes: Buffer, { topicEnd }: LengthField): string {
    const { topicStart: start } = this;
    const isQuoted = topicEnd - start >= 2 && bytes[start] === QUOTE && bytes[topicEnd - 1] === QUOTE;
    return isQuoted ? bytes.toString("utf8", start + 1, topicEnd - 1) : bytes.toString("utf8", start, topicEnd);
  }

  fields(bytes: Buffer, field: LengthField): PublishHeader {
    const [dup = 0, qos = 0, retained = 0, packId = 0] = this.numbers;
    return { dup, qos, retained, packId, topic: this.topic(bytes, field), msgLen: field.length };
  }

  private readNumber(byte: number): void {
    if (byte === SPACE && this.at === this.begin) return;
    if (byte === COMMA && this.digits > 0) {
      this.numbers.push(this.value);
      this.topicStart = this.at + 1;
      this.value = this.digits = 0;
    } else if (!this.readDigit(byte)) this.isEnded = this.isRefused = true;
  }

  private readTopic(byte: number, bytes: Buffer, found: LengthField[]): void {
    if (byte === COMMA) {
      this.take(found, bytes, this.at + 1);
      this.lastComma = this.at;
      this.value = this.digits = 0;
    } else if (byte === PLUS || byte === HASH) {
      this.isEnded = true; // a filter is no topic (MQTT 3.1.1 §4.7): none ends behind a wildcard
    } else if (this.lastComma >= 0 && !this.readDigit(byte)) this.lastComma = -1;
  }

  private readDigit(byte: number): boolean {
    const digit = byte - 48;
    if (digit < 0 || digit > 9 || ++this.digits > MAX_DIGITS) return false;
    this.value = this.value * 10 + digit;
    return true;
  }

  /** The digits since the last comma are a length field, if there are any. */
  private take(found: LengthField[], bytes: Buffer, start: number): void {
    const { lastComma: topicEnd, topicStart, value: length } = this;
    if (topicEnd < 0 || this.digits === 0 || length > this.maxPayloadBytes || topicEnd === topicStart) return;
    if (topicEnd === topicStart + 2 && bytes[topicStart] === QUOTE && bytes[topicStart + 1] === QUOTE) return;
    found.push({ topicEnd, length, start });
  }
}

/** Where the message begins that stands on the line after its head. */
function nextLine(bytes: Buffer, end: number): number {
  return bytes[end] === CR && (bytes[end + 1] ?? LF) === LF ? end + 2 : end + 1;
}
