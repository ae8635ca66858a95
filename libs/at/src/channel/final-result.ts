/** How a command ended: its final result code as the module wrote it, in one spelling. */
export type FinalResult = { code: "OK" } | { code: "ERROR" } | { code: "CME ERROR"; err: number | string };

const CME = /^\+CME ERROR:\s*(.*)$/;

/** The final result code in a line, or undefined where it is something else (27.007 §9.2). */
export function finalResult(line: string): FinalResult | undefined {
  if (line === "OK") return { code: "OK" };
  if (line === "ERROR") return { code: "ERROR" };
  const err = line.startsWith("+CME") ? CME.exec(line)?.[1] : undefined;
  if (err === undefined) return undefined;
  return { code: "CME ERROR", err: /^\d+$/.test(err) ? Number(err) : err };
}

/** A final result as one string: `OK`, `ERROR`, `+CME ERROR:3`. */
export function inWords(result: FinalResult): string {
  return result.code === "CME ERROR" ? `+CME ERROR:${result.err}` : result.code;
}
