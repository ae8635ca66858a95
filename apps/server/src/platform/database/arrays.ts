/**
 * Values as PostgreSQL writes an array of them, for ids, numbers, moments and words of ours: what holds no comma, quote,
 * brace, backslash or space. The driver would look into each one for these, which costs more than all else on the way of
 * many rows into the database.
 */
export function plainArray(values: readonly (string | number | null)[]): string {
  return `{${values.map((value) => (value === "" ? '""' : (value ?? "NULL"))).join(",")}}`;
}

/** JSON documents as one text, which `string_to_table($n, E'\n')` takes apart again: JSON holds no line feed. */
export function jsonLines(documents: readonly string[]): string {
  return documents.join("\n");
}
