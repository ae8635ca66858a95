import { MAX_OUTPUT_BYTES } from "@mn316-fleet/protocol";

const MAX_LINES = 10_000;
const MARK = "… cut";

/**
 * Output cut to what is kept: counted as it travels, with escapes, so that a report always fits into a frame.
 * @param wasCut something was left out before
 */
export function bounded(lines: readonly string[], wasCut = false): { output: string[]; truncated?: true } {
  const output: string[] = [];
  let leftBytes = MAX_OUTPUT_BYTES;
  for (const line of lines) {
    const bytes = travelBytes(line);
    if (bytes > leftBytes || output.length === MAX_LINES - 1) {
      const part = cut(line, Math.max(0, leftBytes - travelBytes(MARK)));
      return { output: [...output, `${part}${MARK}`], truncated: true };
    }
    output.push(line);
    leftBytes -= bytes;
  }
  return { output, ...(wasCut && { truncated: true }) };
}

/** Quotes, escapes and the comma included. */
function travelBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) + 1;
}

function cut(line: string, bytes: number): string {
  let length = Math.min(line.length, bytes);
  while (length > 0 && travelBytes(line.slice(0, length)) > bytes) length = Math.floor(length * 0.75);
  return line.slice(0, length);
}

/** A module that does not mask the password (§2.1) must not give it away. */
export function withoutPassword(lines: readonly string[], password: string | undefined): string[] {
  return lines.map((line) =>
    password && /MQTTCFG/i.test(line)
      ? line.replaceAll(`"${password}"`, '"***"').replaceAll(`,${password},`, ",***,")
      : line,
  );
}
