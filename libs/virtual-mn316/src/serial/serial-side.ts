import type { Duplex } from "node:stream";

/** A UART has no flow control: what the host does not read in time is lost. */
const MAX_UNREAD_BYTES = 256 * 1024;

/** The module's end of the serial line. A host may come, go and come back; without one, bytes are lost. */
export class SerialSide {
  private stream: Duplex | undefined;

  constructor(private readonly onData: (chunk: Buffer) => void) {}

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
    const { stream } = this;
    if (!stream?.writable || stream.writableLength > MAX_UNREAD_BYTES) return;
    stream.write(bytes);
  }

  destroy(): void {
    this.stream?.destroy();
    this.detach();
  }
}
