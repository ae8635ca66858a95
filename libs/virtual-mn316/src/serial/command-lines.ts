const CR = 0x0d;
const LF = 0x0a;
const BACKSPACE = 0x08;

/** Gathers what the host sends into command lines: one ends in CR, an LF is nothing, noise is bounded. */
export class CommandLines {
  private readonly bytes: number[] = [];
  private overflow = 0;

  /**
   * @param maxBytes the longest line; what exceeds it is counted and thrown away
   * @param onLine gets each line without its end, and whether it was too long
   */
  constructor(
    private readonly maxBytes: number,
    private readonly onLine: (line: Buffer, isTooLong: boolean) => void,
  ) {}

  /** A line has begun whose end is still to come. */
  get isPartial(): boolean {
    return this.bytes.length > 0;
  }

  push(chunk: Buffer): void {
    for (const byte of chunk) {
      if (byte === CR) this.end();
      else if (byte === BACKSPACE) this.bytes.pop();
      else if (byte === LF) continue;
      else if (this.bytes.length < this.maxBytes) this.bytes.push(byte);
      else this.overflow++;
    }
  }

  /** Forgets a line that was begun: what a restart does. */
  clear(): void {
    this.bytes.length = 0;
    this.overflow = 0;
  }

  private end(): void {
    const line = Buffer.from(this.bytes);
    const isTooLong = this.overflow > 0;
    this.clear();
    if (line.length > 0) this.onLine(line, isTooLong);
  }
}
