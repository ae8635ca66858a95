/** Deep enough for every list that the schema of a frame knows. */
const DEPTH = 3;

/**
 * Looks for a list, or an object, of more items than it may have. To be asked before a schema is: that would name every single
 * thing that is wrong in it, and a frame has room for a hundred thousand, which takes seconds.
 * @returns its path, as in `config.subscriptions`; undefined where there is none
 */
export function longListIn(value: unknown, maxItems: number, depth = DEPTH): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value) && value.length > maxItems) return "";
  let count = 0;
  for (const key in value) {
    if (++count > maxItems) return "";
    const within = depth > 0 ? longListIn((value as Record<string, unknown>)[key], maxItems, depth - 1) : undefined;
    if (within !== undefined) return within === "" ? key : `${key}.${within}`;
  }
  return undefined;
}
