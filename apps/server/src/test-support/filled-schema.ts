import type { Client } from "pg";

/** A value for one column. */
type Value = string | number | boolean | null | object;
export type Row = Readonly<Record<string, Value>>;

interface Column {
  name: string;
  type: string;
  isArray: boolean;
  /** It must be given: neither null nor a default will do. */
  isRequired: boolean;
  isGenerated: boolean;
  /** `table.column` that it refers to. */
  refersTo: string | null;
  /** The first of those that a check lists. */
  listed: string | null;
}

interface Table {
  name: string;
  columns: Column[];
}

const MADE_UP: Readonly<Record<string, Value>> = {
  uuid: "5c1a9e50-0000-4000-8000-000000000001",
  text: "text",
  jsonb: {},
  json: {},
  bytea: "\\x00ff",
  bool: false,
  timestamptz: "2026-11-01T12:00:00Z",
  date: "2026-11-01",
  xid8: "1",
  inet: "192.0.2.1",
};

/**
 * Puts a row into every table of the schema, whatever schema it is: the given ones, and made-up ones for the other tables and
 * columns. A table that has rows (a migration wrote them) and has none given is left as it is.
 * @param rows by table; columns that the schema does not have are left out
 * @throws Error naming the table for which a row must be given, because none can be made up
 */
export async function fill(client: Client, rows: Readonly<Record<string, readonly Row[]>>): Promise<void> {
  const left = await tables(client);
  for (let wasFilled = true; left.length > 0 && wasFilled;) {
    wasFilled = false;
    for (const table of [...left]) {
      // Those that others refer to go first.
      const isEarly = table.columns.some(
        ({ isRequired, refersTo }) =>
          isRequired && left.some(({ name }) => name !== table.name && name === refersTo?.split(".")[0]),
      );
      if (isEarly) continue;
      left.splice(left.indexOf(table), 1);
      wasFilled = true;
      const given = rows[table.name];
      const isEmpty = (await client.query(`SELECT 1 FROM "${table.name}" LIMIT 1`)).rowCount === 0;
      for (const row of given ?? (isEmpty ? [{}] : [])) await insert(client, table, row);
    }
  }
  if (left.length > 0) throw new Error(`tables that refer to each other: ${left.map(({ name }) => name).join(", ")}`);
}

/** What all tables hold: rows by table, each row by column. */
export async function contents(client: Client): Promise<Map<string, Record<string, unknown>[]>> {
  const held = new Map<string, Record<string, unknown>[]>();
  for (const { name } of await tables(client)) {
    const { rows } = await client.query<{ row: Record<string, unknown> }>(`SELECT to_jsonb(t) AS row FROM "${name}" t`);
    held.set(
      name,
      rows.map(({ row }) => row),
    );
  }
  return held;
}

async function insert(client: Client, { name, columns }: Table, given: Row): Promise<void> {
  const names: string[] = [];
  const values: unknown[] = [];
  for (const column of columns) {
    if (column.isGenerated) continue;
    const value = column.name in given ? given[column.name] : await madeUp(client, column);
    if (value === undefined) continue;
    names.push(`"${column.name}"`);
    const isJson = column.type.startsWith("json") && value !== null;
    values.push(isJson ? JSON.stringify(value) : value);
  }
  const places = values.map((_, index) => `$${index + 1}`);
  try {
    await client.query(
      names.length === 0
        ? `INSERT INTO "${name}" DEFAULT VALUES`
        : `INSERT INTO "${name}" (${names.join()}) OVERRIDING SYSTEM VALUE VALUES (${places.join()}) ON CONFLICT DO NOTHING`,
      values,
    );
  } catch (error) {
    throw new Error(`no row for ${name} can be made up, so give one: ${(error as Error).message}`, { cause: error });
  }
}

/** @returns undefined where the column may be left out */
async function madeUp(client: Client, column: Column): Promise<unknown> {
  if (!column.isRequired) return undefined;
  if (column.refersTo !== null) {
    const [table, key] = column.refersTo.split(".") as [string, string];
    const { rows } = await client.query<{ key: unknown }>(`SELECT "${key}" AS key FROM "${table}" LIMIT 1`);
    if (rows[0]) return rows[0].key;
  }
  if (column.listed !== null) return column.listed;
  if (column.isArray) return "{}";
  return MADE_UP[column.type] ?? 1;
}

async function tables(client: Client): Promise<Table[]> {
  const { rows } = await client.query<Column & { table: string }>(
    `SELECT c.relname AS table, a.attname AS name, coalesce(e.typname, t.typname) AS type, e.oid IS NOT NULL AS "isArray",
            a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AS "isRequired", a.attgenerated <> '' AS "isGenerated",
            (SELECT k.confrelid::regclass || '.' || f.attname
               FROM pg_constraint k, unnest(k.conkey, k.confkey) AS p (own, foreign_key)
               JOIN pg_attribute f ON f.attnum = p.foreign_key
              WHERE k.contype = 'f' AND k.conrelid = c.oid AND p.own = a.attnum AND f.attrelid = k.confrelid
              ORDER BY k.oid LIMIT 1) AS "refersTo",
            (SELECT substring(pg_get_constraintdef(k.oid) FROM '''([^'']+)''') FROM pg_constraint k
              WHERE k.contype = 'c' AND k.conrelid = c.oid AND k.conkey = ARRAY[a.attnum]
                AND pg_get_constraintdef(k.oid) LIKE '%ANY%' LIMIT 1) AS listed
       FROM pg_class c
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       JOIN pg_type t ON t.oid = a.atttypid
       LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND c.relname <> '_prisma_migrations'
      ORDER BY c.relname, a.attnum`,
  );
  const found = new Map<string, Table>();
  for (const { table, ...column } of rows) {
    if (!found.has(table)) found.set(table, { name: table, columns: [] });
    found.get(table)?.columns.push(column);
  }
  return [...found.values()];
}
