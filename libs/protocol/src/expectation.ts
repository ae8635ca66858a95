import { RE2JS } from "re2js";

/** Not a pattern, and why. */
export class PatternError extends Error {
  constructor(
    readonly pattern: string,
    reason: string,
  ) {
    super(reason);
    this.name = "PatternError";
  }
}

const PATTERN = /^\/(.+)\/(i?)$/;

/**
 * What a step expects in a line of its output: the text itself, or between slashes a pattern in RE2's syntax, whose
 * matching takes time in proportion to the line, whoever wrote it. `/…/i` ignores case.
 * @returns whether a line holds it
 * @throws PatternError
 */
export function expectation(expect: string): (line: string) => boolean {
  const [, source, flag] = PATTERN.exec(expect) ?? [];
  if (source === undefined) return (line) => line.includes(expect);
  try {
    const pattern = RE2JS.compile(source, flag === "i" ? RE2JS.CASE_INSENSITIVE : 0);
    return (line) => pattern.matcher(line).find();
  } catch (error) {
    throw new PatternError(expect, (error as Error).message);
  }
}
