import type { KnownModuleState } from "@mn316-fleet/manual";
import { Injectable } from "@nestjs/common";
import { Database } from "../../platform/database/database";
import { membersSql } from "./devices.sql";
import type { Question } from "./question";
import { Statement } from "./statement";

/** Milliseconds in a state, in a bucket (from 0). */
export interface StateTime {
  bucket: number;
  state: KnownModuleState;
  ms: number;
}

const HOUR = "interval '1 hour'";
/** What an interval `i` and a stretch have in common, in ms. `date_part` is exact for it, and quicker than `extract`, a numeric. */
export const overlapMs = (began: string, ended: string) =>
  `greatest(0, date_part('epoch', least(i.ended, ${ended}) - greatest(i.began, ${began})) * 1000)::bigint`;

/** Time in each state by bucket: from the rollups, from the intervals where hours are cut, and from what goes on now. */
@Injectable()
export class HourlyStates {
  constructor(private readonly database: Database) {}

  async byBucket(question: Question): Promise<StateTime[]> {
    const [closed, open] = await Promise.all([this.closed(question), this.open(question)]);
    const sums = new Map<string, StateTime>();
    for (const { bucket, state, ms } of [...closed, ...open]) {
      const key = `${bucket} ${state}`;
      const sum = sums.get(key) ?? { bucket, state, ms: 0 };
      sum.ms += ms;
      sums.set(key, sum);
    }
    return [...sums.values()].filter(({ ms }) => ms > 0).sort((a, b) => a.bucket - b.bucket);
  }

  /**
   * Of a cut hour the rollup has the time in a state, and the intervals that begin or end within it say how their part of
   * that lies in the hour. What is left belongs to intervals that reach all through it: it lies evenly. So the intervals of
   * a whole fleet are not searched for those that have lasted since long ago.
   */
  private async closed(question: Question): Promise<StateTime[]> {
    const { frame, isFleet } = question;
    const statement = new Statement();
    const starts = statement.moments(frame.starts);
    const cut = statement.moments(frame.cutHours);
    const [first, last] = [statement.moment(frame.whole.fromMs), statement.moment(frame.whole.toMs)];
    const pieces = frame.pieces();
    const stretches = frame.cutStretches();
    const pieceColumns = [
      statement.moments(pieces.map(({ hourMs }) => hourMs)),
      statement.parameter(
        "int[]",
        pieces.map(({ bucket }) => bucket),
      ),
      statement.moments(pieces.map(({ fromMs }) => fromMs)),
      statement.moments(pieces.map(({ toMs }) => toMs)),
    ];
    const isTouching =
      stretches.length > 0
        ? `(${statement.within("i.began", stretches)} OR ${statement.within("i.ended", stretches)})`
        : "false";
    const isMember = (column: string) => (isFleet ? "true" : `${column} IN (SELECT device_id FROM members)`);
    const hours = isFleet
      ? "SELECT hour, key AS state, value AS ms FROM fleet_hour WHERE metric = 'state-ms'"
      : "SELECT hour, state, ms, device_id FROM state_hour WHERE device_id IN (SELECT device_id FROM members)";
    const rows = await statement.rows<{ bucket: number; state: KnownModuleState; ms: string }>(
      this.database.pool,
      `WITH ${isFleet ? "" : `members AS (${membersSql(statement, { ...question, groupBy: undefined })}),`}
       whole AS (
         SELECT width_bucket(h.hour, ${starts}) - 1 AS bucket, h.state, sum(h.ms) AS ms FROM (${hours}) AS h
          WHERE h.hour >= ${first} AND h.hour < ${last} AND h.hour <> ALL (${cut}) GROUP BY 1, 2
       ),
       piece (hour, bucket, began, ended) AS (SELECT * FROM unnest(${pieceColumns.join(", ")})),
       touching AS (
         SELECT t.hour, i.state, i.began, i.ended
           FROM connection_interval i
          CROSS JOIN LATERAL (
            SELECT DISTINCT date_trunc('hour', edge, 'UTC') AS hour FROM unnest(ARRAY[i.began, i.ended]) AS edge
          ) AS t
          WHERE ${isTouching} AND t.hour = ANY (${cut}) AND ${isMember("i.device_id")}
       ),
       -- What begins with the hour and lasts beyond it, or the other way round, reaches all through it.
       within AS (
         SELECT i.* FROM touching i WHERE i.began > i.hour OR i.ended < i.hour + ${HOUR}
       ),
       through AS (
         SELECT a.hour, a.state, sum(a.ms) AS ms FROM (
           SELECT h.hour, h.state, h.ms FROM (${hours}) AS h WHERE h.hour = ANY (${cut})
           UNION ALL
           SELECT i.hour, i.state, -${overlapMs("i.hour", `i.hour + ${HOUR}`)} FROM within i
         ) AS a GROUP BY 1, 2
       )
       SELECT bucket, state, round(sum(ms))::bigint AS ms FROM (
         SELECT bucket, state, ms FROM whole
         UNION ALL
         SELECT p.bucket, i.state, ${overlapMs("p.began", "p.ended")} FROM within i JOIN piece p ON p.hour = i.hour
         UNION ALL
         SELECT p.bucket, t.state, t.ms * extract(epoch FROM p.ended - p.began) / 3600
           FROM through t JOIN piece p ON p.hour = t.hour
       ) AS sums GROUP BY 1, 2`,
    );
    return rows.map(({ bucket, state, ms }) => ({ bucket, state, ms: Number(ms) }));
  }

  /** What goes on, as long as its agent is there to tell; it is no interval yet. */
  private async open(question: Question): Promise<StateTime[]> {
    const { frame, isFleet, nowMs } = question;
    const until = Math.min(frame.toMs, nowMs);
    if (until <= frame.fromMs) return [];
    const statement = new Statement();
    const members = isFleet ? undefined : membersSql(statement, { ...question, groupBy: undefined });
    const starts = statement.moments(frame.starts);
    const [from, end] = [statement.moment(frame.fromMs), statement.moment(until)];
    const rows = await statement.rows<{ bucket: number; state: KnownModuleState; began: string; devices: string }>(
      this.database.pool,
      `${members === undefined ? "" : `WITH members AS (${members})`}
       SELECT width_bucket(greatest(s.module_since, ${from}), ${starts}) - 1 AS bucket, s.module_state AS state,
              sum(extract(epoch FROM greatest(s.module_since, ${from})) * 1000)::bigint AS began, count(*) AS devices
         FROM device_state s
        WHERE s.online AND s.module_since < ${end}
              ${members === undefined ? "" : "AND s.device_id IN (SELECT device_id FROM members)"}
        GROUP BY 1, 2`,
    );
    return rows.flatMap(({ bucket, state, began, devices }) => {
      const times: StateTime[] = [];
      for (let index = bucket; index < frame.starts.length && frame.begin(index) < until; index++) {
        const fromMs = Math.max(frame.fromMs, frame.begin(index));
        const toMs = Math.min(until, frame.begin(index + 1));
        const ms = index === bucket ? Number(devices) * toMs - Number(began) : Number(devices) * (toMs - fromMs);
        times.push({ bucket: index, state, ms });
      }
      return times;
    });
  }
}
