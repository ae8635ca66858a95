import { Injectable } from "@nestjs/common";
import type { QueryResultRow } from "pg";
import { Database } from "../../platform/database/database";
import { isAsked, membersSql } from "./devices.sql";
import type { Question } from "./question";
import { Statement } from "./statement";

/** Puts a condition on time where it belongs, on a column `x.y`; it may be one on `x.device_id`, too. */
type OnTime = (column: string) => string;

/**
 * Where something lies that is added up: queries that all give the same columns in the same order, `at` among them and, but for
 * the fleet's, `device_id` as the last. The rollups have an hour a row, the raw an event; without a rollup the raw is read for the whole range.
 */
export interface HourlySource {
  fleet: (isHour: OnTime) => string;
  rollup?: (isHour: OnTime) => string;
  raw: (isWithin: OnTime) => string;
}

/** So many of `key`, in a bucket (from 0), or in a group over the whole range. */
export interface Count {
  bucket: number;
  group: string | null;
  key: string;
  value: number;
}

/** Sums of what projectors add up by hour: whole hours from the rollups, cut ones from the raw. */
@Injectable()
export class HourlySums {
  constructor(private readonly database: Database) {}

  /** Sums of a source of `key` and `value`. */
  async counts(question: Question, source: HourlySource, by: "bucket" | "group"): Promise<Count[]> {
    const rows = await this.sums<Omit<Count, "value"> & { value: string }>(
      question,
      source,
      by,
      "p.key, sum(p.value)::bigint AS value",
      ["p.key"],
    );
    return rows.map((row) => ({ ...row, value: Number(row.value) }));
  }

  /**
   * @param columns what is selected of the source `p`, beside `bucket` and `group`
   * @param keys those of the columns that are no sums
   */
  async sums<T extends QueryResultRow & { bucket: number; group: string | null }>(
    question: Question,
    source: HourlySource,
    by: "bucket" | "group",
    columns: string,
    keys: readonly string[] = [],
  ): Promise<T[]> {
    const statement = new Statement();
    const isFleet = question.isFleet && by === "bucket";
    const members = by === "group" ? membersSql(statement, question) : undefined;
    const bucket =
      by === "bucket" ? `greatest(1, width_bucket(p.at, ${statement.moments(question.frame.starts)})) - 1` : "0";
    return statement.rows<T>(
      this.database.pool,
      `${members === undefined ? "" : `WITH members AS (${members})`}
       SELECT ${bucket} AS bucket, ${by === "group" ? "m.grp" : "NULL::text"} AS "group", ${columns}
         FROM (${sourceSql(statement, question, source, { isFleet })}) AS p
              ${by === "group" ? "JOIN members m ON m.device_id = p.device_id" : ""}
        GROUP BY ${["1", "2", ...keys].join(", ")} ORDER BY 1`,
    );
  }
}

/**
 * A query of all that a source has in the question's range, of its devices: `at`, and what the source gives.
 * @param options `isFleet` takes the fleet's hours instead of the devices'
 */
export function sourceSql(
  statement: Statement,
  question: Question,
  source: HourlySource,
  { isFleet = false } = {},
): string {
  const { frame, retainedMs } = question;
  // Looked for where the rows are, by index.
  const isAmong = (column: string) =>
    isFleet ? "" : ` AND ${isAsked(statement, question, `${column.split(".")[0]}.device_id`)}`;
  const hours: HourlySource["rollup"] = isFleet
    ? (isHour) => `SELECT f.*, NULL::uuid AS device_id FROM (${source.fleet(isHour)}) AS f`
    : source.rollup;
  const inRange: OnTime = (column) =>
    `${column} >= ${statement.moment(frame.fromMs)} AND ${column} < ${statement.moment(frame.toMs)}${isAmong(column)}`;
  if (!hours) return source.raw(inRange);
  const { cutHours, stretches } = frame.countedFrom(source.rollup ? retainedMs : -Infinity);
  const cut = statement.moments(cutHours);
  const [first, last] = [statement.moment(frame.whole.fromMs), statement.moment(frame.whole.toMs)];
  // An hour that the range's end cuts, and of which the raw is gone, counts as a whole: it began in the range.
  const end = frame.cutHours.includes(frame.whole.toMs) && !cutHours.includes(frame.whole.toMs);
  const isHour: OnTime = (column) =>
    `${column} >= ${first} AND ${column} < ${last}${end ? ` + interval '1 hour'` : ""} AND ${column} <> ALL (${cut})${isAmong(column)}`;
  if (stretches.length === 0) return hours(isHour);
  return `${hours(isHour)} UNION ALL ${source.raw((column) => `${statement.within(column, stretches)}${isAmong(column)}`)}`;
}
