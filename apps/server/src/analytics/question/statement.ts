import type { QueryResultRow } from "pg";
import type { Transaction } from "../../platform/database/database";

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
