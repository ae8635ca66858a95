import type { IPublishPacket } from "mqtt-packet";
import type { Dialect } from "../dialects/dialect";

/** How the module's lines are spelled, in its dialect. All give bytes. */
export class Voice {
  constructor(private readonly dialect: Dialect) {}

  /** `NAME:value` as this firmware spaces it. */
  field(name: string, value: string): string {
    return `+${name}:${this.dialect.afterColon}${value}`;
  }

  /** An answer: each line between CR LF. */
  answer(lines: readonly string[]): Buffer {
    return Buffer.from(lines.map((line) => `\r\n${line}\r\n`).join(""));
  }

  urc(line: string): Buffer {
    return Buffer.from(`${this.lead}${line}\r\n`);
  }

  /** `+MQTTPUBLISH` (§2.11): the message is exactly `msg_len` raw bytes. */
  publish(packet: IPublishPacket): Buffer {
    const { isPublishTopicQuoted, isPayloadOnNextLine, endsPayloadAtNul, afterColon } = this.dialect;
    const payload = Buffer.from(packet.payload);
    const flags = [packet.dup ? 1 : 0, packet.qos, packet.retain ? 1 : 0, packet.messageId ?? 0].join(",");
    const topic = isPublishTopicQuoted ? `"${packet.topic}"` : packet.topic;
    const nul = endsPayloadAtNul ? payload.indexOf(0) : -1;
    const head = `+MQTTPUBLISH:${afterColon}${flags},${topic},${payload.length}`;
    return Buffer.concat([
      Buffer.from(`${this.lead}${head}${isPayloadOnNextLine ? "\r\n" : ","}`),
      nul < 0 ? payload : payload.subarray(0, nul),
      Buffer.from("\r\n"),
    ]);
  }

  private get lead(): string {
    return this.dialect.hasLeadingLineEnd ? "\r\n" : "";
  }
}
