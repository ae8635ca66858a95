const INITIAL_BYTES = 256;
/** An emptied buffer above this is given back: one long message must not cost its memory for ever. */
const MAX_KEPT_BYTES = 16_384;

/**
 * Bytes waiting to be framed. Grows by doubling and moves what waits only when that is less than half of the buffer, so
 * that feeding stays linear however the bytes are chunked and however slowly they are taken away.
 */
export class ByteQueue {
  /** What waits is from `start` up to `end`; valid until the next `append` or `drop`. */
  buffer = Buffer.allocUnsafe(INITIAL_BYTES);
  start = 0;
  end = 0;

  get length(): number {
    return this.end - this.start;
  }

  /** The same as one buffer. */
  view(): Buffer {
    return this.buffer.subarray(this.start, this.end);
  }

  append(chunk: Uint8Array): void {
    if (this.end + chunk.length > this.buffer.length) this.makeRoom(chunk.length);
    this.buffer.set(chunk, this.end);
    this.end += chunk.length;
  }

  drop(count: number): void {
    this.start += count;
    if (this.start < this.end) return;
    this.start = this.end = 0;
    if (this.buffer.length > MAX_KEPT_BYTES) this.buffer = Buffer.allocUnsafe(INITIAL_BYTES);
  }

  private makeRoom(bytes: number): void {
    const { buffer, start, end, length } = this;
    const needed = 2 * (length + bytes);
    const target = needed > buffer.length ? Buffer.allocUnsafe(Math.max(needed, INITIAL_BYTES)) : buffer;
    buffer.copy(target, 0, start, end);
    this.buffer = target;
    this.start = 0;
    this.end = length;
  }
}
