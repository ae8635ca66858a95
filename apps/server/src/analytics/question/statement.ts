import type { QueryResultRow } from "pg";
import type { Transaction } from "../../platform/database/database";
import { HOUR_MS, type Stretch } from "./time-frame";

const WRITTEN_OUT = 4;

/** A statement that is put together from parts: each part adds its own parameters. */
export class Statement {
  private readonly values: unknown[] = [];

  /** The place of a parameter, with its type: `$3::text`. */
  parameter(type: string, value: unknown): string {
    return `$${this.values.push(value)}::${type}`;
  }

  moment(ms: number): string {
    return this.parameter("timestamptz", new Date(ms).toISOString());
  }

  moments(ms: readonly number[]): string {
    return this.parameter(
      "timestamptz[]",
      ms.map((each) => new Date(each).toISOString()),
    );
  }

  /**
   * That a moment lies in one of some stretches, written out: so the database can choose partitions and blocks by it, which
   * it cannot where stretches are joined. Of many stretches the hours are looked up within their range.
   */
  within(column: string, stretches: readonly Stretch[]): string {
    const isIn = (fromMs: number, toMs: number) =>
      `(${column} >= ${this.moment(fromMs)} AND ${column} < ${this.moment(toMs)})`;
    if (stretches.length <= WRITTEN_OUT)
      return `(${stretches.map(({ fromMs, toMs }) => isIn(fromMs, toMs)).join(" OR ")})`;
    const hours = stretches.flatMap(({ fromMs, toMs }) => {
      const first = Math.floor(fromMs / HOUR_MS);
      return Array.from({ length: Math.ceil(toMs / HOUR_MS) - first }, (_, hour) => (first + hour) * HOUR_MS);
    });
    const range = isIn(stretches[0]?.fromMs ?? 0, stretches.at(-1)?.toMs ?? 0);
    return `(${range} AND date_trunc('hour', ${column}, 'UTC') = ANY (${this.moments(hours)}))`;
  }

  /** Adds a condition that numbers its own parameters, from the first free one on. */
  condition(build: (firstParameter: number) => { sql: string; parameters: unknown[] }): string {
    const { sql, parameters } = build(this.values.length + 1);
    this.values.push(...parameters);
    return sql;
  }

  /** The only row of a statement that always gives one. */
  async row<T extends QueryResultRow>(database: Pick<Transaction, "query">, sql: string): Promise<T> {
    const [row] = await this.rows<T>(database, sql);
    if (!row) throw new Error("the statement gave no row");
    return row;
  }

  async rows<T extends QueryResultRow>(database: Pick<Transaction, "query">, sql: string): Promise<T[]> {
    return (await database.query<T>(sql, this.values)).rows;
  }
}
