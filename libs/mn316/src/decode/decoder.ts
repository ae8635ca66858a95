import { type Frame, Framer } from "@mn316-fleet/at";
import { isUtf8 } from "node:buffer";
import { topicMatches } from "../driver/topic-filter";
import { decodeLine } from "./decode-line";
import { PublishRule, type PublishRuleOptions } from "./publish-rule";
import type { PublishUnit, Unit } from "./units";

const NUMBERS_BEFORE_TOPIC = 4;
const MAX_LEARNT_FILTERS = 256;
const SUBSCRIBE_ECHO = /^AT\+MQTTSUB="([^"]*)"/;

/**
 * Turns the raw bytes of a module's serial line into units, however they are chunked. Where the topic of a message could
 * end in more than one place, the filters that were seen subscribed on the same line break the tie.
 */
export class Decoder {
  private readonly framer: Framer;
  private readonly filters = new Set<string>();

  constructor(options: PublishRuleOptions = {}) {
    const isExpected = (topic: string) => [...this.filters].some((filter) => topicMatches(filter, topic));
    this.framer = new Framer({ payloadRules: [new PublishRule({ isExpected, ...options })] });
  }

  push(chunk: Uint8Array): Unit[] {
    return this.framer.push(chunk, this.decode);
  }

  /** At the end of the stream: what is half received is told as it is. */
  end(): Unit[] {
    return this.framer.stall(this.decode);
  }

  /** Frames are decoded as they are cut, so that a filter is known before the bytes behind it are looked at. */
  private readonly decode = (frame: Frame): Unit => {
    const unit = decodeFrame(frame);
    if (unit.unit === "urc" ? unit.name === "MQTTSUBACK" : unit.unit === "response" && unit.name === "MQTTSUB")
      this.learn((unit as { topic: string }).topic);
    else if (unit.unit === "echo") this.learn(SUBSCRIBE_ECHO.exec(unit.command)?.[1]);
    return unit;
  };

  private learn(filter: string | undefined): void {
    if (filter !== undefined && this.filters.size < MAX_LEARNT_FILTERS) this.filters.add(filter);
  }
}

/** The meaning of one frame of the line. */
export function decodeFrame(frame: Frame): Unit {
  if (frame.kind === "line") return decodeLine(frame.line);
  if (frame.kind === "overlong") return { unit: "unknown", line: frame.line };
  const { unit, name, topic, msgLen, ...numbers } = publishHeader(frame.header);
  if (frame.kind === "truncated") return { unit: "truncated", name, topic, msgLen, ...content(frame.payload) };
  return { unit, name, ...numbers, topic, msgLen, ...content(frame.payload) };
}

/** The fields of `+MQTTPUBLISH` before the message (§2.11), from the one spelling that `PublishRule` gives them. */
export function publishHeader(header: string): Omit<PublishUnit, "text" | "hex"> {
  const ends = [header.indexOf(":")];
  for (let field = 0; field < NUMBERS_BEFORE_TOPIC; field++) ends.push(header.indexOf(",", (ends[field] ?? 0) + 1));
  const field = (index: number) => Number(header.slice((ends[index] ?? 0) + 1, ends[index + 1]));
  const topicEnd = header.lastIndexOf(",");
  return {
    unit: "urc",
    name: "MQTTPUBLISH",
    dup: field(0),
    qos: field(1),
    retained: field(2),
    packId: field(3),
    topic: header.slice((ends[NUMBERS_BEFORE_TOPIC] ?? 0) + 1, topicEnd),
    msgLen: Number(header.slice(topicEnd + 1)),
  };
}

function content(payload: Buffer): { text: string } | { hex: string } {
  return isUtf8(payload) ? { text: payload.toString("utf8") } : { hex: payload.toString("hex") };
}
