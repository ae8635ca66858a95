import type { Cause } from "@mn316-fleet/protocol";
import { Injectable } from "@nestjs/common";
import { Database } from "../platform/database/database";
import { OUTAGE_MS, OUTAGE_SUMS } from "./outages.source";
import { isAsked, membersSql } from "./question/devices.sql";
import { HourlySums } from "./question/hourly-sums";
import { hourOfDay } from "./question/local-buckets";
import { inBuckets, type Question } from "./question/question";
import { Statement } from "./question/statement";

/** One outage; `ended` is null while it goes on. */
export interface OutageRow {
  deviceId: string;
  began: Date;
  ended: Date | null;
  /** How long it was seen to last. */
  ms: number;
  unknownMs: number;
  cause: Cause;
  cell: string | null;
}

/** What outages of a group come to. */
export interface OutageSums {
  group: string | null;
  /** But for those that were asked for, unless the question is about these. */
  outages: number;
  ongoing: number;
  requested: number;
  /** How long those of `outages` that are over were seen to last together. */
  endedMs: number;
  /** How long the longest of `outages` was seen to last, also one that goes on. */
  longestMs: number;
}

type Stored = Omit<OutageRow, "ms" | "unknownMs"> & { ms: string; unknownMs: string };
const toRow = ({ ms, unknownMs, ...row }: Stored): OutageRow => ({
  ...row,
  ms: Number(ms),
  unknownMs: Number(unknownMs),
});

@Injectable()
export class OutagesStore {
  constructor(
    private readonly database: Database,
    private readonly hourly: HourlySums,
  ) {}

  /** Those that began in the range, the longest first (index outage_seen_ms_idx, or outage_began_idx where few began in it). */
  async longest(question: Question, cause: Cause | undefined): Promise<OutageRow[]> {
    const statement = new Statement();
    const rows = await statement.rows<Stored>(
      this.database.pool,
      `(${endedSql(statement, question, cause)} ORDER BY ms DESC LIMIT ${statement.parameter("int", question.limit)})
       UNION ALL ${ongoingSql(statement, question, cause)}
       ORDER BY ms DESC LIMIT ${statement.parameter("int", question.limit)}`,
    );
    return rows.map(toRow);
  }

  /** What those that began in the range come to, by group; without groups all together. */
  async sums(question: Question, cause: Cause | undefined): Promise<OutageSums[]> {
    const { groupBy } = question;
    if (groupBy === "hour-of-day") return this.byHourOfDay(question, cause);
    return this.summed(new Statement(), question, cause, groupBy === undefined ? "NULL::text" : "m.grp");
  }

  /**
   * The same of the fleet, of which what is over is summed up by hour already.
   * @param longest of all outages, as `longest` gives them
   */
  async ofFleet(question: Question, cause: Cause | undefined, longest: readonly OutageRow[]): Promise<OutageSums> {
    const known = longest.find((outage) => cause !== undefined || outage.cause !== "requested");
    const [counts, ongoing, longestMs] = await Promise.all([
      this.hourly.counts(inBuckets(question, "range"), OUTAGE_SUMS, "bucket"),
      this.summed(new Statement(), question, cause, "NULL::text", [ongoingSql]),
      known || longest.length < question.limit ? known?.ms : this.longestMs(question, cause),
    ]);
    const sums = ongoing[0] ?? noOutages(null);
    sums.longestMs = Math.max(sums.longestMs, longestMs ?? 0);
    for (const { key, value } of counts) {
      const [metric, of] = key.split("/");
      const isCounted = cause === undefined ? of !== "requested" : of === cause;
      if (metric === "outage-ms") sums.endedMs += isCounted ? value : 0;
      else {
        sums.outages += isCounted ? value : 0;
        sums.requested += of === "requested" && (cause ?? of) === of ? value : 0;
      }
    }
    return sums;
  }

  /** For where none of the longest counts. */
  private async longestMs(question: Question, cause: Cause | undefined): Promise<number> {
    const statement = new Statement();
    const { ms } = await statement.row<{ ms: string }>(
      this.database.pool,
      `SELECT coalesce(max(ms), 0) AS ms FROM (${endedSql(statement, question, cause)}) AS o WHERE ${counted(cause)}`,
    );
    return Number(ms);
  }

  private async byHourOfDay(question: Question, cause: Cause | undefined): Promise<OutageSums[]> {
    const { frame } = inBuckets(question, "hour");
    const statement = new Statement();
    const bucket = `(width_bucket(o.began, ${statement.moments(frame.starts)}) - 1)::text`;
    const rows = await this.summed(statement, { ...question, groupBy: undefined }, cause, bucket);
    const hours = new Map(Array.from({ length: 24 }, (_, hour) => [hour, noOutages(String(hour))]));
    for (const row of rows) {
      const sums = hours.get(hourOfDay(frame.timeZone, frame.begin(Number(row.group))));
      if (!sums) throw new Error("a day has 24 hours");
      for (const name of ["outages", "ongoing", "requested", "endedMs"] as const) sums[name] += row[name];
      sums.longestMs = Math.max(sums.longestMs, row.longestMs);
    }
    return [...hours.values()];
  }

  private async summed(
    statement: Statement,
    question: Question,
    cause: Cause | undefined,
    group: string,
    parts = [endedSql, ongoingSql],
  ): Promise<OutageSums[]> {
    const counts = counted(cause);
    // Whoever asks about the fleet as a whole means removed devices, too.
    const isOfAll = question.isFleet && question.groupBy === undefined;
    const rows = await statement.rows<Record<keyof OutageSums, string>>(
      this.database.pool,
      `${isOfAll ? "" : `WITH members AS (${membersSql(statement, question)})`}
       SELECT ${group} AS "group", count(*) FILTER (WHERE ${counts}) AS outages,
              count(*) FILTER (WHERE ${counts} AND o.ended IS NULL) AS ongoing,
              count(*) FILTER (WHERE o.cause = 'requested') AS requested,
              coalesce(sum(o.ms) FILTER (WHERE ${counts} AND o.ended IS NOT NULL), 0) AS "endedMs",
              coalesce(max(o.ms) FILTER (WHERE ${counts}), 0) AS "longestMs"
         FROM (${parts.map((sql) => sql(statement, question, cause)).join(" UNION ALL ")}) AS o
              ${isOfAll ? "" : `JOIN members m ON m.device_id = o."deviceId"`}
        GROUP BY 1 ORDER BY 2 DESC, 1`,
    );
    return rows.map(({ group: name, outages, ongoing, requested, endedMs, longestMs }) => ({
      group: name,
      outages: Number(outages),
      ongoing: Number(ongoing),
      requested: Number(requested),
      endedMs: Number(endedMs),
      longestMs: Number(longestMs),
    }));
  }
}

/** Whether an outage `o` counts as one: those that were asked for do where the question is about these. */
const counted = (cause: Cause | undefined) => (cause === undefined ? "o.cause <> 'requested'" : "true");

export const noOutages = (group: string | null): OutageSums => ({
  group,
  outages: 0,
  ongoing: 0,
  requested: 0,
  endedMs: 0,
  longestMs: 0,
});

function endedSql(statement: Statement, question: Question, cause: Cause | undefined): string {
  return `SELECT o.device_id AS "deviceId", o.began, o.ended, ${OUTAGE_MS} AS ms, o.unknown_ms AS "unknownMs", o.cause, o.cell
            FROM outage o WHERE ${asked(statement, question, cause)}`;
}

/** What was seen of an outage that goes on is over where nobody hears the module now. */
function ongoingSql(statement: Statement, question: Question, cause: Cause | undefined): string {
  const now = statement.moment(question.nowMs);
  return `SELECT w.device_id AS "deviceId", w.began, NULL::timestamptz AS ended, w.ms, greatest(0, w.all_ms - w.ms) AS "unknownMs",
                 w.cause, w.cell FROM (
            SELECT o.device_id, o.began, o.cause, o.cell, (date_part('epoch', ${now} - o.began) * 1000)::bigint AS all_ms,
                   greatest(0, (date_part('epoch', least(${now}, CASE
                     WHEN NOT s.online THEN s.link_since
                     WHEN s.module_state = 'unknown' THEN s.module_since
                     ELSE ${now} END) - o.began) * 1000)::bigint - o.unknown_ms) AS ms
              FROM outage_progress o JOIN device_state s ON s.device_id = o.device_id
             WHERE ${asked(statement, question, cause)}
          ) AS w`;
}

function asked(statement: Statement, question: Question, cause: Cause | undefined): string {
  const { frame } = question;
  return [
    `o.began >= ${statement.moment(frame.fromMs)} AND o.began < ${statement.moment(frame.toMs)}`,
    isAsked(statement, question, "o.device_id"),
    ...(cause === undefined ? [] : [`o.cause = ${statement.parameter("text", cause)}`]),
  ].join(" AND ");
}
