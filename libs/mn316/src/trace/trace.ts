/** One piece of a recorded line: `text`, or `hex` where the bytes are no printable UTF-8. */
export interface TraceEntry {
  /** Milliseconds since 1970. */
  at: number;
  dir: "sent" | "received";
  text?: string;
  hex?: string;
}

/** A line of a trace file that is no entry. */
export class TraceFormatError extends Error {
  constructor(
    readonly lineNumber: number,
    reason: string,
  ) {
    super(`line ${lineNumber} of the trace: ${reason}`);
    this.name = "TraceFormatError";
  }
}

/** An entry as one line of a trace file (JSON lines). */
export function traceLine(entry: TraceEntry): string {
  return `${JSON.stringify(entry)}\n`;
}

/**
 * Reads one line of a trace file.
 * @throws TraceFormatError naming the line
 */
export function parseTraceLine(line: string, lineNumber: number): TraceEntry {
  let value: Partial<TraceEntry> | null;
  try {
    value = JSON.parse(line) as Partial<TraceEntry> | null;
  } catch {
    throw new TraceFormatError(lineNumber, "no JSON");
  }
  const { at, dir, text, hex } = value ?? {};
  if (typeof at !== "number" || (dir !== "sent" && dir !== "received"))
    throw new TraceFormatError(lineNumber, 'expected {"at": ms, "dir": "sent" or "received", …}');
  if (typeof text === "string") return { at, dir, text };
  if (typeof hex === "string" && /^([0-9a-f]{2})*$/i.test(hex)) return { at, dir, hex };
  throw new TraceFormatError(lineNumber, 'expected "text" or "hex"');
}

/** The bytes of an entry. */
export function traceBytes({ text, hex }: TraceEntry): Buffer {
  return text === undefined ? Buffer.from(hex ?? "", "hex") : Buffer.from(text, "utf8");
}
