import type { KnownModuleState } from "@mn316-fleet/manual";
import { Injectable } from "@nestjs/common";
import { Database } from "../../platform/database/database";
import { isAsked } from "./devices.sql";
import { edgesWithin } from "./interval-edges";
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
    const edges = edgesWithin(statement, frame.cutStretches()).map(
      ({ edge, change, isWithin }) =>
        `SELECT state, ${edge} AS at, ${change} AS change FROM connection_interval WHERE ${isWithin}`,
    );
    const rows = await statement.rows<ChangeRow>(
      this.database.pool,
      `${changesSql(statement, bounds, edges.join(" UNION ALL "))}
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
    const [from, until] = [statement.moment(frame.fromMs), statement.moment(untilMs)];
    const began = `greatest(module_since, ${from})`;
    // A row a device is read each time: so nothing is worked out for it that is not asked.
    const stretch = frame.starts.length === 1 ? "0" : `width_bucket(${began}, ${statement.moments(frame.starts)}) - 1`;
    const rows = await statement.rows<ChangeRow>(
      this.database.pool,
      `SELECT ${stretch} AS stretch, module_state AS state, count(*) AS devices,
              (extract(epoch FROM sum(${began} - ${statement.moment(frame.begin(0))})) * 1000)::bigint AS ms
         FROM device_state WHERE online AND ${began} < ${until} GROUP BY 1, 2`,
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
    const isMember = isAsked(statement, question, "device_id");
    const open = openSql(statement, frame.fromMs, Math.min(frame.toMs, nowMs));
    const rows = await statement.rows<ChangeRow>(
      this.database.pool,
      `WITH lived AS (
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
function openSql(statement: Statement, fromMs: number, untilMs: number): string {
  const [from, until] = [statement.moment(fromMs), statement.moment(untilMs)];
  return `SELECT state, began, ended, device_id FROM (
            SELECT device_id, module_state AS state, greatest(module_since, ${from}) AS began, ${until} AS ended
              FROM device_state WHERE online) AS s WHERE began < ended`;
}
