import type { Dataset, Row } from "../dataset";
import { jsonObject } from "./cell";

/** One JSON object a line, in the shape in which the REST API shows it, with its device. */
export async function* ndjson({ columns, toObject }: Dataset, pages: AsyncIterable<Row[]>): AsyncGenerator<Buffer> {
  const shown = toObject ?? ((row: Row) => jsonObject(columns, row));
  for await (const rows of pages) yield Buffer.from(rows.map((row) => `${JSON.stringify(shown(row))}\n`).join(""));
}
