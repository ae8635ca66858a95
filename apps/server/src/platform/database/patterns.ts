/** A `LIKE` pattern for texts that begin with `text`, whatever it is made of. */
export function startingWith(text: string): string {
  return `${text.replace(/[\\%_]/g, "\\$&")}%`;
}
