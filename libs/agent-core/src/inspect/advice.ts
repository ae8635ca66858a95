/** What to do where a finding's words match; the first that does counts. */
export type Case = readonly [words: RegExp, advice: string];

/** @returns the advice of the first case that matches; undefined where none does */
export function adviceFor(cases: readonly Case[], found: string): string | undefined {
  return cases.find(([words]) => words.test(found))?.[1];
}
