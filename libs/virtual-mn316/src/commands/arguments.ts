import { CommandRefused } from "./errors";

/** Arguments of one command, read in order; each reader refuses what does not fit. */
export class Arguments {
  private readonly values: { text: string; isQuoted: boolean }[];
  private next = 0;

  /**
   * @param text what stands behind `=`, one character a byte (latin1)
   * @throws CommandRefused for a quote that is not closed, or has something behind it
   */
  constructor(text: string) {
    this.values = split(text);
  }

  get remaining(): number {
    return this.values.length - this.next;
  }

  /** A string, quoted or bare, as its bytes. */
  bytes(): Buffer {
    const value = this.values[this.next++];
    if (!value) throw new CommandRefused("parameter");
    return Buffer.from(value.text, "latin1");
  }

  /** A string of UTF-8. */
  text({ maxBytes, isEmptyAllowed = false }: { maxBytes: number; isEmptyAllowed?: boolean }): string {
    const bytes = this.bytes();
    if (bytes.length > maxBytes || (bytes.length === 0 && !isEmptyAllowed)) throw new CommandRefused("parameter");
    return bytes.toString("utf8");
  }

  /** A whole number, unquoted. */
  number(min: number, max: number): number {
    const value = this.values[this.next++];
    if (!value || value.isQuoted || !/^\d{1,9}$/.test(value.text)) throw new CommandRefused("parameter");
    const number = Number(value.text);
    if (number < min || number > max) throw new CommandRefused("parameter");
    return number;
  }

  flag(): boolean {
    return this.number(0, 1) === 1;
  }

  qos(): 0 | 1 | 2 {
    return this.number(0, 2) as 0 | 1 | 2;
  }

  /** Refuses what is left over. */
  end(): void {
    if (this.remaining > 0) throw new CommandRefused("parameter");
  }
}

function split(text: string): { text: string; isQuoted: boolean }[] {
  const values: { text: string; isQuoted: boolean }[] = [];
  let at = 0;
  for (;;) {
    const isQuoted = text[at] === '"';
    const start = isQuoted ? at + 1 : at;
    const end = isQuoted ? text.indexOf('"', start) : text.indexOf(",", start);
    if (isQuoted && end < 0) throw new CommandRefused("parameter");
    const stop = end < 0 ? text.length : end;
    values.push({ text: text.slice(start, stop), isQuoted });
    at = isQuoted ? stop + 1 : stop;
    if (at >= text.length) return values;
    if (text[at] !== ",") throw new CommandRefused("parameter"); // the manual has no escape for a quote
    at++;
  }
}
