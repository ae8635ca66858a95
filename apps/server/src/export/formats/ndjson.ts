import type { Dataset, Row } from "../dataset";
import { jsonValue } from "./cell";

/** One JSON object a line, in the shape in which the REST API shows it, with its device. */
export async function* ndjson({ columns, toObject }: Dataset, pages: AsyncIterable<Row[]>): AsyncGenerator<Buffer> {
  const shown =
    toObject ?? ((row: Row) => Object.fromEntries(columns.map((column) => [column.name, jsonValue(column, row)])));
  for await (const rows of pages) yield Buffer.from(rows.map((row) => `${JSON.stringify(shown(row))}\n`).join(""));
}
