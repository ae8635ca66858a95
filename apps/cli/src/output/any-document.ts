import { type Column, fieldLines, tableLines } from "./table";
import { inLine } from "./words";

type Flat = Record<string, unknown>;

/** Any JSON document as people read it: its lists as tables, everything else as fields by path. */
export async function anyDocumentLines(document: unknown): Promise<string[]> {
  const { fields, lists } = split(document);
  const lines =
    Object.keys(fields).length > 0
      ? fieldLines(Object.entries(fields).map(([name, value]) => [name, inLine(value)]))
      : [];
  for (const [name, rows] of lists) {
    if (lines.length > 0) lines.push("");
    if (name !== "" && lists.length > 1) lines.push(`${name}:`);
    if (rows.length === 0) lines.push(`no ${name || "items"}`);
    else for await (const line of tableLines(columnsOf(rows), rows)) lines.push(line);
  }
  return lines;
}

function split(document: unknown): { fields: Flat; lists: [name: string, rows: Flat[]][] } {
  if (Array.isArray(document)) return { fields: {}, lists: [["", document.map(flatten)]] };
  const lists: [string, Flat[]][] = [];
  const fields: Flat = {};
  for (const [path, value] of Object.entries(flatten(document)))
    if (isListOfObjects(value)) lists.push([path, value.map(flatten)]);
    else fields[path] = value;
  return { fields, lists };
}

const isListOfObjects = (value: unknown): value is object[] =>
  Array.isArray(value) && value.every((item) => typeof item === "object" && item !== null);

function flatten(value: unknown): Flat {
  const found: Flat = {};
  const visit = (member: unknown, path: string) => {
    if (typeof member === "object" && member !== null && !Array.isArray(member))
      for (const [name, inner] of Object.entries(member)) visit(inner, path === "" ? name : `${path}.${name}`);
    else found[path || "value"] = member;
  };
  visit(value, "");
  return found;
}

function columnsOf(rows: Flat[]): Column<Flat>[] {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return names.map((name) => ({
    title: name.toUpperCase(),
    value: (row) => inLine(row[name]),
    isRight: rows.every((row) => row[name] === null || row[name] === undefined || typeof row[name] === "number"),
  }));
}
