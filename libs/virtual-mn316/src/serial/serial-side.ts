import type { Duplex } from "node:stream";
import type { Timers } from "../timers";
import { PacedLine } from "./paced-line";

/** A UART has no flow control: what the host does not read in time is lost. */
const MAX_UNREAD_BYTES = 256 * 1024;

/** The module's end of the serial line. A host may come, go and come back; without one, bytes are lost. */
export class SerialSide {
  private stream: Duplex | undefined;
  private readonly onData: (chunk: Buffer) => void;
  private readonly out: (bytes: Buffer) => void;

  /** @param pace of a line on which bytes take their time, both ways; at once unless given */
  constructor(onData: (chunk: Buffer) => void, pace?: { bitsPerSecond: number; timers: Timers }) {
    const pass = (bytes: Buffer) => {
      this.pass(bytes);
    };
    const slowly = (deliver: (bytes: Buffer) => void) => {
      if (!pace) return deliver;
      const line = new PacedLine(pace.bitsPerSecond, pace.timers, deliver);
      return (bytes: Buffer) => {
        line.push(bytes);
      };
    };
    this.onData = slowly(onData);
    this.out = slowly(pass);
  }

  attach(stream: Duplex): void {
    this.detach();
    this.stream = stream;
    stream.on("data", this.onData);
    const forget = () => {
      if (this.stream === stream) this.detach();
    };
    stream.on("error", forget);
    stream.on("end", forget);
    stream.on("close", forget);
  }

  detach(): void {
    this.stream?.off("data", this.onData);
    this.stream = undefined;
  }

  write(bytes: Buffer): void {
    this.out(bytes);
  }

  destroy(): void {
    this.stream?.destroy();
    this.detach();
  }

  private pass(bytes: Buffer): void {
    const { stream } = this;
    if (!stream?.writable || stream.writableLength > MAX_UNREAD_BYTES) return;
    stream.write(bytes);
  }
}
