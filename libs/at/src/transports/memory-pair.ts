import { Duplex } from "node:stream";

class End extends Duplex {
  peer: End | undefined;
  private waitingWriter: (() => void) | undefined;

  override _read(): void {
    const writer = this.waitingWriter;
    this.waitingWriter = undefined; // before the call, which may write and wait again
    writer?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    // Never within the write itself: on a real line nobody hears what is still being said.
    queueMicrotask(() => {
      if (!this.peer || this.peer.destroyed) done(new Error("the other end is closed"));
      else if (this.peer.push(chunk)) done();
      else this.peer.waitingWriter = done; // the reader is full: hold the writer back
    });
  }

  override _final(done: () => void): void {
    this.peer?.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const peer = this.peer;
    this.peer = undefined;
    if (peer && !peer.destroyed) queueMicrotask(() => peer.destroy());
    done(error);
  }
}

/** Two ends of a serial line in memory: what one writes the other reads, with back-pressure; closing one closes both. */
export function memoryPair(): [Duplex, Duplex] {
  const [left, right] = [new End(), new End()];
  left.peer = right;
  right.peer = left;
  return [left, right];
}
