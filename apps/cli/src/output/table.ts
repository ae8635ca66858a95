import stringWidth from "string-width";
import { printable } from "./printable";

/** Rows that are measured before the first is written; the columns keep that width. */
const MEASURED = 500;

export interface Column<T> {
  title: string;
  value: (row: T) => string;
  isRight?: boolean;
  /** Adds colour, which takes no room. */
  paint?: (text: string, row: T) => string;
}

/** Lines of a table, columns two spaces apart; wide characters take two columns. Memory is bounded, however many rows come. */
export async function* tableLines<T>(
  columns: Column<T>[],
  rows: AsyncIterable<T> | Iterable<T>,
): AsyncGenerator<string, void, undefined> {
  const measured: T[] = [];
  let widths: number[] | undefined;
  const cellsOf = (row: T) => columns.map(({ value }) => printable(value(row)).replaceAll("\n", " "));
  const begin = function* () {
    const all = [columns.map(({ title }) => title), ...measured.map(cellsOf)];
    widths = columns.map((_, index) => Math.max(...all.map((cells) => stringWidth(cells[index] ?? ""))));
    yield columns
      .map(({ title, isRight }, index) => pad(title, widths?.[index] ?? 0, isRight))
      .join("  ")
      .trimEnd();
    for (const row of measured) yield line(row);
  };
  const line = (row: T) =>
    columns
      .map(({ isRight, paint }, index) => {
        const cell = cellsOf(row)[index] ?? "";
        const padded = pad(cell, widths?.[index] ?? 0, isRight);
        return paint ? padded.replace(cell, () => paint(cell, row)) : padded;
      })
      .join("  ")
      .trimEnd();
  for await (const row of rows) {
    if (widths) yield line(row);
    else if (measured.push(row) === MEASURED) yield* begin();
  }
  if (!widths) yield* begin();
}

function pad(text: string, width: number, isRight = false): string {
  const room = " ".repeat(Math.max(0, width - stringWidth(text)));
  return isRight ? room + text : text + room;
}

/** `name: value` lines, the values below each other. */
export function fieldLines(fields: [name: string, value: string][]): string[] {
  const width = Math.max(...fields.map(([name]) => stringWidth(name)));
  return fields.map(([name, value]) => {
    const indented = printable(value).replaceAll("\n", `\n${" ".repeat(width + 3)}`);
    return `${pad(`${name}:`, width + 1)}  ${indented}`;
  });
}
