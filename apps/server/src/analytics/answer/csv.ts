import { stringify } from "csv-stringify/sync";
import { z } from "zod";

type Row = Record<string, unknown>;
/** What an answer may hold as a table, the more particular first. */
const TABLES = ["groups", "series", "rows"] as const;

/**
 * The table of an answer as CSV (RFC 4180), with a line of names. Of several the one that was asked for beside the rows.
 * @param schema of the answer; it names the columns, also of a table without rows
 */
export function answerCsv(schema: z.ZodObject, answer: Row): string {
  const name = TABLES.find((table) => Array.isArray(answer[table]));
  if (name === undefined) throw new Error("the answer has no table");
  return stringify(answer[name] as Row[], {
    header: true,
    columns: columnsOf(schema.shape[name]),
    record_delimiter: "windows",
    cast: { object: (value) => (Array.isArray(value) ? value.join(" ") : JSON.stringify(value)), string: defused },
  });
}

function columnsOf(table: unknown): string[] {
  const array = table instanceof z.ZodOptional ? table.unwrap() : table;
  const row = array instanceof z.ZodArray ? array.element : undefined;
  if (!(row instanceof z.ZodObject)) throw new Error("the schema has no such table");
  return Object.keys(row.shape);
}

/** Names come from people and modules: a spreadsheet must not take one for a formula. */
const defused = (text: string) => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);
