import { type Frame, Framer } from "@mn316-fleet/at";
import { isUtf8 } from "node:buffer";
import { topicMatches } from "../driver/topic-filter";
import { decodeLine } from "./decode-line";
import type { PublishHeader } from "./publish-head";
import { PublishRule, type PublishRuleOptions } from "./publish-rule";
import type { Unit } from "./units";

const MAX_LEARNT_FILTERS = 256;
const SUBSCRIBE_ECHO = /^AT\+MQTTSUB="([^"]*)"/;

/**
 * Turns the raw bytes of a module's serial line into units, however they are chunked. Where the topic of a message could
 * end in more than one place, the filters that were seen subscribed on the same line break the tie.
 */
export class Decoder {
  private readonly framer: Framer<PublishHeader>;
  private readonly filters = new Set<string>();

  constructor(options: PublishRuleOptions = {}) {
    const isExpected = (topic: string) => {
      for (const filter of this.filters) if (topicMatches(filter, topic)) return true;
      return false;
    };
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
  private readonly decode = (frame: Frame<PublishHeader>): Unit => {
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
export function decodeFrame(frame: Frame<PublishHeader>): Unit {
  if (frame.kind === "line") return decodeLine(frame.line);
  if (frame.kind === "overlong") return { unit: "unknown", line: frame.line };
  const { dup, qos, retained, packId, topic, msgLen } = frame.header;
  const name = "MQTTPUBLISH";
  if (frame.kind === "truncated") return { unit: "truncated", name, topic, msgLen, ...content(frame.payload) };
  const text = textOf(frame.payload);
  return text === undefined
    ? { unit: "urc", name, dup, qos, retained, packId, topic, msgLen, hex: frame.payload.toString("hex") }
    : { unit: "urc", name, dup, qos, retained, packId, topic, msgLen, text };
}

function content(payload: Buffer): { text: string } | { hex: string } {
  const text = textOf(payload);
  return text === undefined ? { hex: payload.toString("hex") } : { text };
}

function textOf(payload: Buffer): string | undefined {
  return isUtf8(payload) ? payload.toString("utf8") : undefined;
}
