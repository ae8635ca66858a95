const INITIAL_BYTES = 256;

/** Bytes waiting to be framed: grows by doubling, so that feeding a long message byte by byte stays linear. */
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
    const needed = this.length + chunk.length;
    if (this.end + chunk.length > this.buffer.length) {
      const target =
        needed > this.buffer.length ? Buffer.allocUnsafe(Math.max(needed, this.buffer.length * 2)) : this.buffer;
      this.buffer.copy(target, 0, this.start, this.end);
      this.end = this.length;
      this.start = 0;
      this.buffer = target;
    }
    this.buffer.set(chunk, this.end);
    this.end += chunk.length;
  }

  drop(count: number): void {
    this.start += count;
    if (this.start < this.end) return;
    this.start = this.end = 0;
    if (this.buffer.length > 64 * INITIAL_BYTES) this.buffer = Buffer.allocUnsafe(INITIAL_BYTES);
  }
}
