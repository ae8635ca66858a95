import type { KnownModuleState } from "@mn316-fleet/manual";
import { Injectable } from "@nestjs/common";
import { Database } from "../../platform/database/database";
import { membersSql } from "./devices.sql";
import type { Question } from "./question";
import { changesSql, type ChangeRow, type StateTime, timesInHours, timesOf, toChanges } from "./state-changes";
import { Statement } from "./statement";
import { HOUR_MS } from "./time-frame";

export type { StateTime };

/**
 * Time in each state by bucket: of the fleet from its hours, and of cut hours from who came into a state and left it within
 * them; of chosen devices from their intervals. What goes on now is added to both.
 */
@Injectable()
export class HourlyStates {
  constructor(private readonly database: Database) {}

  async byBucket(question: Question): Promise<StateTime[]> {
    const parts = await Promise.all(
      question.isFleet
        ? [this.ofWholeHours(question), this.ofCutHours(question), this.ofNow(question)]
        : [this.ofDevices(question)],
    );
    const sums = new Map<string, StateTime>();
    for (const { bucket, state, ms } of parts.flat()) {
      const key = `${bucket} ${state}`;
      const sum = sums.get(key) ?? { bucket, state, ms: 0 };
      sum.ms += ms;
      sums.set(key, sum);
    }
    return [...sums.values()].filter(({ ms }) => ms > 0).sort((a, b) => a.bucket - b.bucket);
  }

  private async ofWholeHours({ frame }: Question): Promise<StateTime[]> {
    const statement = new Statement();
    const [first, last] = [statement.moment(frame.whole.fromMs), statement.moment(frame.whole.toMs)];
    const rows = await statement.rows<{ bucket: number; state: KnownModuleState; ms: string }>(
      this.database.pool,
      `SELECT width_bucket(hour, ${statement.moments(frame.starts)}) - 1 AS bucket, key AS state, sum(value) AS ms
         FROM fleet_hour WHERE metric = 'state-ms' AND hour >= ${first} AND hour < ${last}
          AND hour <> ALL (${statement.moments(frame.cutHours)}) GROUP BY 1, 2`,
    );
    return rows.map(({ ms, ...row }) => ({ ...row, ms: Number(ms) }));
  }

  /**
   * How many devices were in a state when a cut hour began follows from the fleet's time in it within that hour, and from those
   * who came into it and left it meanwhile: so intervals that have lasted since long ago are not looked for. In one
   * statement, so that sums and intervals are those of one moment.
   */
  private async ofCutHours({ frame }: Question): Promise<StateTime[]> {
    if (frame.cutHours.length === 0) return [];
    const statement = new Statement();
    const hours = frame.cutHours.flatMap((hourMs) => [hourMs, hourMs + HOUR_MS]);
    const pieces = frame.pieces().flatMap(({ fromMs, toMs }) => [fromMs, toMs]);
    const bounds = [...new Set([...hours, ...pieces])].sort((a, b) => a - b);
    const edges = ([edge, change]: [string, number]) =>
      `SELECT state, ${edge} AS at, ${change} AS change FROM connection_interval
        WHERE ${statement.within(edge, frame.cutStretches())}`;
    const rows = await statement.rows<ChangeRow>(
      this.database.pool,
      `${changesSql(statement, bounds, `${edges(["began", 1])} UNION ALL ${edges(["ended", -1])}`)}
       UNION ALL
       SELECT width_bucket(hour, ${statement.moments(bounds)}) - 1, key, NULL, sum(value) FROM fleet_hour
        WHERE metric = 'state-ms' AND hour = ANY (${statement.moments(frame.cutHours)}) GROUP BY 1, 2`,
    );
    const sums = rows
      .filter(({ devices }) => devices === null)
      .map(({ ms, ...row }) => ({ ...row, sumMs: Number(ms) }));
    return timesInHours(frame, bounds, sums, toChanges(rows, bounds));
  }

  /** What goes on in the fleet, as long as its agents are there to tell; it is no interval yet. */
  private async ofNow({ frame, nowMs }: Question): Promise<StateTime[]> {
    const statement = new Statement();
    const untilMs = Math.min(frame.toMs, nowMs);
    if (untilMs <= frame.fromMs) return [];
    const rows = await statement.rows<ChangeRow>(
      this.database.pool,
      changesSql(statement, frame.starts, openSql(statement, frame.fromMs, untilMs, "began AS at, 1 AS change")),
    );
    const changes = toChanges(rows, frame.starts);
    const last = frame.starts.findLastIndex((ms) => ms <= untilMs);
    const ends = changes.map(({ state, devices }) => ({
      ...{ stretch: last, state, devices: -devices, ms: -devices * (untilMs - frame.begin(last)) },
    }));
    return timesOf(frame, [...changes, ...ends]);
  }

  /** Of each interval only the buckets of its begin and its end are looked at, however many lie between. */
  private async ofDevices(question: Question): Promise<StateTime[]> {
    const { frame, nowMs } = question;
    const statement = new Statement();
    const [from, to] = [statement.moment(frame.fromMs), statement.moment(frame.toMs)];
    const members = membersSql(statement, { ...question, groupBy: undefined });
    const isMember = "device_id IN (SELECT device_id FROM members)";
    const open = openSql(statement, frame.fromMs, Math.min(frame.toMs, nowMs), "began, ended, device_id");
    const rows = await statement.rows<ChangeRow>(
      this.database.pool,
      `WITH members AS (${members}),
       lived AS (
         SELECT state, greatest(began, ${from}) AS began, least(ended, ${to}) AS ended FROM connection_interval
          WHERE ended > ${from} AND began < ${to} AND ${isMember}
         UNION ALL
         SELECT state, began, ended FROM (${open}) AS o WHERE ${isMember}
       )
       ${changesSql(statement, frame.starts, "SELECT state, began AS at, 1 AS change FROM lived UNION ALL SELECT state, ended, -1 FROM lived")}`,
    );
    return timesOf(frame, toChanges(rows, frame.starts));
  }
}

/** What goes on within the range, of devices whose agents are there to tell. */
function openSql(statement: Statement, fromMs: number, untilMs: number, columns: string): string {
  const [from, until] = [statement.moment(fromMs), statement.moment(untilMs)];
  return `SELECT state, ${columns} FROM (
            SELECT device_id, module_state AS state, greatest(module_since, ${from}) AS began, ${until} AS ended
              FROM device_state WHERE online) AS s WHERE began < ended`;
}
