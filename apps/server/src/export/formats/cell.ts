import type { Column, Row } from "../dataset";

/** A column's value as JSON has it: times as ISO 8601, whole numbers as numbers, null for what is not known. */
export function jsonValue({ name, type }: Column, row: Row): unknown {
  const value = row[name] ?? null;
  if (value instanceof Date) return value.toISOString();
  return type === "integer" && value !== null ? Number(value) : value;
}

/** A row as an object of its columns. */
export function jsonObject(columns: readonly Column[], row: Row): Record<string, unknown> {
  return Object.fromEntries(columns.map((column) => [column.name, jsonValue(column, row)]));
}
