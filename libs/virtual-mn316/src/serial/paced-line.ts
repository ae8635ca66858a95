import type { Timers } from "../timers";

const BITS_PER_BYTE = 10; // 8N1
/** What a UART hands over at once. */
const PIECE_BYTES = 16;

/** One direction of a serial line on which bytes take their time. */
export class PacedLine {
  private freeAt = 0;

  /**
   * @param timers of real time
   * @param deliver gets the bytes once they have passed
   */
  constructor(
    private readonly bitsPerSecond: number,
    private readonly timers: Timers,
    private readonly deliver: (bytes: Buffer) => void,
  ) {}

  push(bytes: Buffer): void {
    const now = this.timers.now();
    this.freeAt = Math.max(this.freeAt, now);
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      const piece = bytes.subarray(at, at + PIECE_BYTES);
      this.freeAt += (piece.length * BITS_PER_BYTE * 1_000) / this.bitsPerSecond;
      this.timers.after(this.freeAt - now, () => {
        this.deliver(piece);
      });
    }
  }
}
