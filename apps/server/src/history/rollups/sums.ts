import type { RollupTable } from "./rollup-tables";

type Key = string | number;

interface Row {
  keys: readonly Key[];
  values: number[];
}

/** What is to be added to one table: at most one row a key. */
export class Sums {
  private readonly rows = new Map<string, Row>();

  constructor(private readonly table: RollupTable) {}

  get size(): number {
    return this.rows.size;
  }

  /** @param keys and `values` in the order of the table's columns */
  add(keys: readonly Key[], values: readonly number[]): void {
    const id = keys.join("/");
    const row = this.rows.get(id);
    if (row) for (const [index, value] of values.entries()) row.values[index] = this.merge(index, row.values, value);
    else this.rows.set(id, { keys, values: [...values] });
  }

  /** One array a column. Rows are in one order for all writers, so that they cannot wait for each other in a circle. */
  columns(): Key[][] {
    const sorted = [...this.rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
    return [
      ...this.table.keys.map((_, index) => sorted.map(({ keys }) => keys[index] ?? "")),
      ...this.table.values.map((_, index) => sorted.map(({ values }) => values[index] ?? 0)),
    ];
  }

  private merge(index: number, values: readonly number[], value: number): number {
    const before = values[index] ?? 0;
    const how = this.table.values[index]?.merge;
    if (how === "sum") return before + value;
    return how === "min" ? Math.min(before, value) : Math.max(before, value);
  }
}
