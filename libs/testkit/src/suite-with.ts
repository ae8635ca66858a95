/**
 * `describe` for a suite that wants something this machine may not have: skipped with a printed reason where it is missing,
 * except in CI, where nothing may be skipped.
 * @param missing what is missing; undefined where all is there
 */
export function suiteWith(missing: string | undefined): jest.Describe {
  if (missing === undefined) return describe;
  if (process.env.CI === "true") throw new Error(`in CI nothing may be skipped: ${missing}`);
  process.stderr.write(`skipped: ${missing}\n`);
  return describe.skip;
}
