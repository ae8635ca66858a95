import { Injectable } from "@nestjs/common";
import { DAYS_A_WEEK, type DayWeight, weighed } from "../../history/rollups/availability-weeks";
import { Database } from "../../platform/database/database";
import { addingUp } from "./adding-up";
import { type CountedChanges, rangeSum } from "./day-weights";
import { isAsked, membersSql } from "./devices.sql";
import { edgesWithin } from "./interval-edges";
import type { Question } from "./question";
import { Statement } from "./statement";

export interface KnownTime {
  connectedMs: number;
  knownMs: number;
}

export interface Existence {
  devices: number;
  /** How long the devices have been there within the range. */
  existedMs: number;
}

export interface FleetTime extends KnownTime, Existence {}

export interface TimesByDevice extends FleetTime {
  worst: (KnownTime & { deviceId: string })[];
  percentiles: { p5: number | null; p50: number | null; p95: number | null };
}

export interface GroupTime extends KnownTime {
  group: string | null;
  devices: number;
}

const DAY_MS = 86_400_000;
const AVAILABILITY = "CASE WHEN known_ms > 0 THEN least(1, connected_ms / known_ms) END";

/** Time known, and connected, by device: days of UTC from the rollup, of cut days what changed on the shorter side of the cut. */
@Injectable()
export class DeviceTimes {
  constructor(private readonly database: Database) {}

  async total(question: Question): Promise<FleetTime> {
    const statement = new Statement();
    const sql = `WITH ${byDevice(statement, question)} SELECT ${TOTALS} FROM times`;
    const [row, existence] = await Promise.all([
      statement.row<TotalsRow>(this.database.pool, sql),
      this.existence(question),
    ]);
    return { ...existence, ...inNumbers(row) };
  }

  /** The same, with the least available devices, those of which nothing is known last. */
  async byDevice(question: Question): Promise<TimesByDevice> {
    const statement = new Statement();
    const sql = `WITH ${byDevice(statement, question)},
       worst AS (
         SELECT device_id AS "deviceId", connected_ms AS "connectedMs", known_ms AS "knownMs"
           FROM times ORDER BY ${AVAILABILITY} NULLS LAST, device_id LIMIT ${statement.parameter("int", question.limit)}
       ),
       shares AS (SELECT percentile_disc(ARRAY[0.05, 0.5, 0.95]) WITHIN GROUP (ORDER BY ${AVAILABILITY}) AS p FROM times)
       SELECT (SELECT json_agg(worst) FROM worst) AS worst,
              (SELECT json_build_object('p5', p[1], 'p50', p[2], 'p95', p[3]) FROM shares) AS percentiles, ${TOTALS}
         FROM times`;
    const [row, existence] = await Promise.all([
      addingUp(this.database, (tx) => statement.row<ByDeviceRow>(tx, sql)),
      this.existence(question),
    ]);
    return { ...existence, ...inNumbers(row), worst: row.worst ?? [], percentiles: row.percentiles };
  }

  /** How many devices the question is about, and how long they have been there; most are older than the range, and alike. */
  async existence(question: Question): Promise<Existence> {
    const { frame, nowMs } = question;
    const statement = new Statement();
    const from = statement.moment(frame.fromMs);
    const until = statement.moment(Math.min(frame.toMs, nowMs));
    const since = (begin: string) => `greatest(0, date_part('epoch', ${until} - ${begin}) * 1000)`;
    const row = await statement.row<{ devices: string; existedMs: string }>(
      this.database.pool,
      `SELECT count(*) AS devices,
              (count(*) FILTER (WHERE created_at <= ${from}) * ${since(from)}
               + coalesce(sum(${since("created_at")}) FILTER (WHERE created_at > ${from}), 0))::bigint AS "existedMs"
         FROM device WHERE ${isAsked(statement, question, "id")}`,
    );
    return { devices: Number(row.devices), existedMs: Number(row.existedMs) };
  }

  /**
   * By group, the least available first.
   * @param only these groups, all of them
   */
  async byGroup(question: Question, only?: readonly (string | null)[]): Promise<GroupTime[]> {
    const statement = new Statement();
    const asked = only
      ? `WHERE m.grp = ANY (${statement.parameter("text[]", only)}) ${only.includes(null) ? "OR m.grp IS NULL" : ""}`
      : "";
    const rows = await statement.rows<{ group: string | null; devices: string; connectedMs: string; knownMs: string }>(
      this.database.pool,
      `WITH ${byDevice(statement, question)},
       member AS (${membersSql(statement, question)}),
       groups AS (
         SELECT m.grp, count(*) AS devices, sum(t.connected_ms) AS connected_ms, sum(t.known_ms) AS known_ms
           FROM member m JOIN times t ON t.device_id = m.device_id ${asked} GROUP BY m.grp
       )
       SELECT grp AS "group", devices, connected_ms AS "connectedMs", known_ms AS "knownMs"
         FROM groups ORDER BY ${AVAILABILITY} NULLS LAST, grp LIMIT ${statement.parameter("int", only?.length ?? question.limit)}`,
    );
    return rows.map(({ group, devices, connectedMs, knownMs }) => ({
      group,
      devices: Number(devices),
      connectedMs: Number(connectedMs),
      knownMs: Number(knownMs),
    }));
  }
}

type TotalsRow = Record<keyof KnownTime, string>;
type ByDeviceRow = TotalsRow & Pick<TimesByDevice, "percentiles"> & { worst: TimesByDevice["worst"] | null };
const TOTALS = `coalesce(sum(connected_ms), 0) AS "connectedMs", coalesce(sum(known_ms), 0) AS "knownMs"`;

/** A common table expression `times` of a row a device: `device_id`, `connected_ms`, `known_ms`. */
function byDevice(statement: Statement, question: Question): string {
  const { frame, nowMs } = question;
  const isMember = isAsked(statement, question, "device_id");
  const { whole, cut, changes } = rangeSum(frame, nowMs);
  const date = (day: number) => statement.parameter("date", new Date(day * DAY_MS).toISOString().slice(0, 10));
  const ofWeeks = (days: readonly DayWeight[], isWithin: string) =>
    `SELECT device_id, NULL::boolean, ${weighed("connected", days)}, ${weighed("known", days)}
       FROM availability_week WHERE ${isWithin} AND ${isMember}`;
  const ofStates = (isThere: string, states: string) =>
    `SELECT device_id, ${isThere}, CASE WHEN state = 'connected' THEN ms ELSE 0 END, ms FROM (${states}) AS s WHERE ${isMember}`;
  const parts = [
    ofStates("true", ongoingSql(statement, question)),
    ...(whole.from < whole.to ? [ofWeeks(ALL_DAYS, `week >= ${date(whole.from)} AND week < ${date(whole.to)}`)] : []),
    ...cut.map(({ week, days }) => ofWeeks(days, `week = ${date(week)}`)),
    ...changes.flatMap((counted) => distancesSql(statement, counted)).map((sql) => ofStates("NULL::boolean", sql)),
  ];
  // Each device is there with its state, if only with what goes on; of those that were removed there may be all else.
  return `
    times AS (
      SELECT device_id, round(sum(connected_ms)) AS connected_ms, round(sum(known_ms)) AS known_ms
        FROM (${parts.join(" UNION ALL ")}) AS parts (device_id, is_there, connected_ms, known_ms)
       GROUP BY 1 HAVING bool_or(is_there)
    )`;
}

/** How long what goes on now has lasted within the range, of every device. */
function ongoingSql(statement: Statement, { frame, nowMs }: Question): string {
  const from = statement.moment(frame.fromMs);
  const until = statement.moment(Math.min(frame.toMs, nowMs));
  return `SELECT device_id, module_state AS state,
                 CASE WHEN online AND module_state <> 'unknown' AND module_since < ${until}
                      THEN greatest(0, date_part('epoch', ${until} - greatest(module_since, ${from})) * 1000) ELSE 0 END AS ms
            FROM device_state`;
}

const ALL_DAYS = Array.from({ length: DAYS_A_WEEK }, () => ({ total: 1, beginMs: 0 }));

/** What began within the stretch, and what ended there, each with its distance from the moment. */
function distancesSql(statement: Statement, { momentMs, sign, ...stretch }: CountedChanges): string[] {
  const moment = statement.moment(momentMs);
  return edgesWithin(statement, [stretch]).map(
    ({ edge, change, isWithin }) =>
      `SELECT device_id, state, ${sign * change} * abs(date_part('epoch', ${edge} - ${moment})) * 1000 AS ms
         FROM connection_interval WHERE state <> 'unknown' AND ${isWithin}`,
  );
}

function inNumbers({ connectedMs, knownMs }: TotalsRow): KnownTime {
  return { connectedMs: Number(connectedMs), knownMs: Number(knownMs) };
}
