const CR = 13;
const LF = 10;
/** Behind the end that was announced, how far to look for a line that only a module writes. */
const MAX_OVERSHOOT_BYTES = 256;
/** Stable under more bytes: what matches a begin matches the whole. */
const MODULE_LINE = /^(\+(MQTT|C[A-Z]|POWERON|NPSMR)|OK[\r\n]|ERROR[\r\n]|AT\+|REBOOTING|\^SIMST|\*ATREADY)/;
const DECISIVE_BYTES = 10;

/** Finds where a message ends that came with another number of bytes than announced; looks at each byte once. */
export class Resynchroniser {
  private at: number;
  private readonly limit: number;

  /**
   * @param start of the message
   * @param length as announced
   */
  constructor(start: number, length: number) {
    this.at = start;
    this.limit = start + length + MAX_OVERSHOOT_BYTES;
  }

  /** The first line end behind which a line begins that only a module writes; undefined while more bytes may tell. */
  find(bytes: Buffer, isStalled: boolean): number | undefined {
    for (; this.at < bytes.length && this.at < this.limit; this.at++) {
      const byte = bytes[this.at];
      if (byte !== CR && byte !== LF) continue;
      const next = bytes.toString("latin1", this.at, this.at + 2 * DECISIVE_BYTES).trimStart();
      if (MODULE_LINE.test(next)) return this.at;
      if (next.length >= DECISIVE_BYTES) continue;
      if (isStalled && next === "") return this.at;
      if (!isStalled && this.at + 2 * DECISIVE_BYTES > bytes.length) return undefined;
    }
    if (bytes.length < this.limit) return isStalled ? bytes.length : undefined;
    return this.limit;
  }
}
