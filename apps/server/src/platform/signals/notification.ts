import { z } from "zod";

/** NOTIFY takes 7,999 bytes; a part is ASCII, so that its characters are its bytes. */
const PART_LENGTH = 7_000;

const signalSchema = z.object({ channel: z.string(), payload: z.unknown() });
export type Signal = z.infer<typeof signalSchema>;

/**
 * A signal as the payloads of one or more notifications, to be sent in one transaction: a short one as it is, a long one
 * in base64, in parts `index/count:…`.
 */
export function notificationsOf(signal: Signal): string[] {
  const text = JSON.stringify(signal);
  if (Buffer.byteLength(text) <= PART_LENGTH) return [text];
  const encoded = Buffer.from(text).toString("base64");
  const count = Math.ceil(encoded.length / PART_LENGTH);
  return Array.from(
    { length: count },
    (_, index) => `${index}/${count}:${encoded.slice(index * PART_LENGTH, (index + 1) * PART_LENGTH)}`,
  );
}

/** Puts the notifications of one connection together again; the parts of a signal follow each other. */
export class Notification {
  private parts: string[] = [];

  /** @returns the signal that is complete with this payload, if one is; what nobody of ours has sent is passed over */
  take(payload: string): Signal | undefined {
    const part = /^(\d+)\/(\d+):/.exec(payload);
    if (!part) return read(payload);
    const [head, index, count] = part;
    if (Number(index) === 0) this.parts = [];
    if (Number(index) !== this.parts.length) return undefined; // its beginning was before we listened
    this.parts.push(payload.slice(head.length));
    if (this.parts.length < Number(count)) return undefined;
    const encoded = this.parts.splice(0).join("");
    return read(Buffer.from(encoded, "base64").toString());
  }
}

function read(text: string): Signal | undefined {
  try {
    return signalSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
