import { stringify } from "csv-stringify/sync";
import type { Column, Dataset, Row } from "../dataset";
import { jsonValue } from "./cell";

/**
 * CSV by RFC 4180 in UTF-8, with a line of names first. A text that a spreadsheet would take for a formula gets a `'` in
 * front: devices name their cells themselves, and a person opens the file.
 */
export async function* csv({ columns }: Dataset, pages: AsyncIterable<Row[]>): AsyncGenerator<Buffer> {
  yield lines([columns.map(({ name }) => name)]);
  for await (const rows of pages) yield lines(rows.map((row) => columns.map((column) => cell(column, row))));
}

const lines = (records: unknown[][]) =>
  Buffer.from(stringify(records, { record_delimiter: "\r\n", escape_formulas: true }));

function cell(column: Column, row: Row): unknown {
  const isJson = column.type === "json" || column.type === "boolean";
  return isJson ? JSON.stringify(row[column.name]) : jsonValue(column, row);
}
