import { eventually } from "@mn316-fleet/testkit";
import { createHash, randomBytes } from "node:crypto";
import { RawConnection } from "./raw-connection";

/** RFC 6455 §5.2 */
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** A frame as a test writes it; whole, masked and as short as it can be unless said otherwise. */
export interface RawFrame {
  opcode: number;
  payload?: string | Buffer;
  fin?: boolean;
  /** The three reserved bits: 4 is RSV1. */
  rsv?: number;
  isMasked?: boolean;
  /** Bits that the length is written in. */
  lengthBits?: 7 | 16 | 64;
  /** What the header says instead of the payload's own length. */
  length?: bigint;
}

/** A frame as the server wrote it. */
export interface HeardFrame {
  opcode: number;
  fin: boolean;
  rsv: number;
  isMasked: boolean;
  payload: Buffer;
}

/** The bytes of a frame. */
export function frame({ opcode, payload = "", fin = true, rsv = 0, isMasked = true, ...rest }: RawFrame): Buffer {
  const bytes = Buffer.from(payload);
  const length = rest.length ?? BigInt(bytes.length);
  const bits = rest.lengthBits ?? (length < 126n ? 7 : length < 65_536n ? 16 : 64);
  const head = [(fin ? 0x80 : 0) | (rsv << 4) | opcode];
  const mark = isMasked ? 0x80 : 0;
  const extended = Buffer.alloc(bits === 16 ? 2 : bits === 64 ? 8 : 0);
  if (bits === 16) extended.writeUInt16BE(Number(length));
  if (bits === 64) extended.writeBigUInt64BE(length);
  head.push(mark | (bits === 7 ? Number(length) : bits === 16 ? 126 : 127));
  const mask = isMasked ? randomBytes(4) : Buffer.alloc(0);
  const body = isMasked ? bytes.map((byte, index) => byte ^ (mask[index % 4] ?? 0)) : bytes;
  return Buffer.concat([Buffer.from(head), extended, mask, body]);
}

/** The payload of a close frame. */
export function closing(code: number, reason: string | Buffer = ""): Buffer {
  const bytes = Buffer.from(reason);
  const payload = Buffer.alloc(2 + bytes.length);
  payload.writeUInt16BE(code);
  bytes.copy(payload, 2);
  return payload;
}

/** The lines of a handshake, each of which may be changed, or left out by undefined. */
export function handshake(path: string, changes: Record<string, string | undefined> = {}, method = "GET"): string {
  const headers: Record<string, string | undefined> = {
    Host: "fleet.example",
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
    "Sec-WebSocket-Version": "13",
    ...changes,
  };
  const lines = Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  return [`${method} ${path} HTTP/1.1`, ...lines, "", ""].join("\r\n");
}

/** What `Sec-WebSocket-Accept` must be for a key (RFC 6455 §4.2.2). */
export const acceptFor = (key: string) =>
  createHash("sha1")
    .update(key + ACCEPT_GUID)
    .digest("base64");

/** The client's side of a WebSocket, frame by frame. */
export class RawWebSocket {
  private constructor(
    readonly connection: RawConnection,
    readonly head: string,
  ) {}

  /** Opens one. @throws Error where the server does not switch protocols */
  static async open(url: string, path: string, headers: Record<string, string> = {}): Promise<RawWebSocket> {
    const connection = await RawConnection.open(url);
    connection.write(handshake(path, headers));
    const head = await connection.head();
    if (!head.startsWith("HTTP/1.1 101")) throw new Error(head);
    connection.received = connection.received.subarray(head.length + 4);
    return new RawWebSocket(connection, head);
  }

  send(...frames: RawFrame[]): void {
    this.connection.write(Buffer.concat(frames.map(frame)));
  }

  /** Whole frames that came so far. */
  get heard(): HeardFrame[] {
    const frames: HeardFrame[] = [];
    let rest = this.connection.received;
    for (;;) {
      const read = readFrame(rest);
      if (!read) return frames;
      frames.push(read.frame);
      rest = rest.subarray(read.bytes);
    }
  }

  /** The code that the server closes with; 1005 for a close frame without one, 1006 where it only cut the connection. */
  async closeCode(timeoutMs = 10_000): Promise<number> {
    return eventually(
      () => {
        const close = this.heard.find(({ opcode }) => opcode === OPCODE.close);
        if (close) return close.payload.length >= 2 ? close.payload.readUInt16BE() : 1005;
        if (this.connection.isEnded) return 1006;
        throw new Error("still open");
      },
      { timeoutMs, everyMs: 10 },
    );
  }

  /** Resolves when so many frames of a kind are there. */
  async hears(opcode: number, count = 1): Promise<HeardFrame[]> {
    return eventually(
      () => {
        const found = this.heard.filter((one) => one.opcode === opcode);
        if (found.length < count) throw new Error(`${found.length} of ${count} frames ${opcode}`);
        return found;
      },
      { everyMs: 10 },
    );
  }

  cut(): void {
    this.connection.cut();
  }
}

function readFrame(bytes: Buffer): { frame: HeardFrame; bytes: number } | undefined {
  const [first = 0, second = 0] = bytes;
  const short = second & 0x7f;
  let start = 2;
  if (bytes.length < start) return undefined;
  let length = short;
  if (short === 126) {
    if (bytes.length < 4) return undefined;
    length = bytes.readUInt16BE(2);
    start = 4;
  } else if (short === 127) {
    if (bytes.length < 10) return undefined;
    length = Number(bytes.readBigUInt64BE(2));
    start = 10;
  }
  if (bytes.length < start + length) return undefined;
  const payload = bytes.subarray(start, start + length);
  const heard = { opcode: first & 0x0f, fin: first >= 0x80, rsv: (first >> 4) & 7, isMasked: second >= 0x80, payload };
  return { frame: heard, bytes: start + length };
}
