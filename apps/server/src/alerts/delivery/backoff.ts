const FIRST_WAIT_MS = 10_000;
const FACTOR = 3;
const LONGEST_WAIT_MS = 6 * 3_600_000;
/** With the waits between them about a day. */
export const MAX_ATTEMPTS = 11;

/**
 * How long to wait after a failed attempt: three times as long each time up to six hours, give or take a quarter, so that
 * what failed together does not come back together.
 * @param attempts made so far, 1 or more
 * @param random 0 ≤ random < 1
 * @returns ms; undefined when it is given up
 */
export function waitAfterMs(attempts: number, random: number): number | undefined {
  if (attempts >= MAX_ATTEMPTS) return undefined;
  const waitMs = Math.min(FIRST_WAIT_MS * FACTOR ** (attempts - 1), LONGEST_WAIT_MS);
  return Math.round(waitMs * (0.75 + random / 2));
}
