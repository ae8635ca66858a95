import { Injectable } from "@nestjs/common";
import { DAYS_A_WEEK, type DayWeight, weighed } from "../../history/rollups/availability-weeks";
import { Database } from "../../platform/database/database";
import { type CountedChanges, rangeSum } from "./day-weights";
import { devicesSql, membersSql } from "./devices.sql";
import type { Question } from "./question";
import { Statement } from "./statement";

export interface KnownTime {
  connectedMs: number;
  knownMs: number;
}

export interface FleetTime extends KnownTime {
  devices: number;
  /** How long the devices have been there within the range. */
  existedMs: number;
}

export interface TimesByDevice extends FleetTime {
  worst: (KnownTime & { deviceId: string })[];
  percentiles: { p5: number | null; p50: number | null; p95: number | null };
}

export interface GroupTime extends KnownTime {
  group: string | null;
  devices: number;
}

const DAY_MS = 86_400_000;
const AVAILABILITY = "CASE WHEN known_ms > 0 THEN least(1, connected_ms::float8 / known_ms) END";

/** Time known, and connected, by device: days of UTC from the rollup, of cut days what changed on the shorter side of the cut. */
@Injectable()
export class DeviceTimes {
  constructor(private readonly database: Database) {}

  async total(question: Question): Promise<FleetTime> {
    const statement = new Statement();
    const row = await statement.row<Record<keyof FleetTime, string>>(
      this.database.pool,
      `WITH ${byDevice(statement, question)} SELECT ${totals(statement, question)} FROM times`,
    );
    return inNumbers(row);
  }

  /** The same, with the least available devices, those of which nothing is known last. */
  async byDevice(question: Question): Promise<TimesByDevice> {
    const statement = new Statement();
    const times = byDevice(statement, question);
    const row = await statement.row<
      Record<keyof FleetTime, string> & Pick<TimesByDevice, "percentiles"> & { worst: TimesByDevice["worst"] | null }
    >(
      this.database.pool,
      `WITH ${times},
       worst AS (
         SELECT device_id AS "deviceId", connected_ms AS "connectedMs", known_ms AS "knownMs"
           FROM times ORDER BY ${AVAILABILITY} NULLS LAST, device_id LIMIT ${statement.parameter("int", question.limit)}
       ),
       shares AS (SELECT percentile_disc(ARRAY[0.05, 0.5, 0.95]) WITHIN GROUP (ORDER BY ${AVAILABILITY}) AS p FROM times)
       SELECT (SELECT json_agg(worst) FROM worst) AS worst,
              (SELECT json_build_object('p5', p[1], 'p50', p[2], 'p95', p[3]) FROM shares) AS percentiles,
              ${totals(statement, question)}
         FROM times`,
    );
    return { ...inNumbers(row), worst: row.worst ?? [], percentiles: row.percentiles };
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

/** Common table expressions, of which `times` has a row a device: `device_id`, `created_at`, `connected_ms`, `known_ms`. */
function byDevice(statement: Statement, question: Question): string {
  const { frame, isFleet, nowMs } = question;
  const isMember = isFleet ? "true" : "device_id IN (SELECT device_id FROM devices)";
  const [from, to, now] = [frame.fromMs, frame.toMs, nowMs].map((ms) => statement.moment(ms));
  const { whole, cut, changes } = rangeSum(frame, nowMs);
  const date = (day: number) => statement.parameter("date", new Date(day * DAY_MS).toISOString().slice(0, 10));
  const ofWeeks = (days: readonly DayWeight[], isAsked: string) =>
    `SELECT device_id, ${weighed("connected", days)} AS connected_ms, ${weighed("known", days)} AS known_ms
       FROM availability_week WHERE ${isAsked} AND ${isMember}`;
  const ofState = (changed: string) =>
    `SELECT device_id, CASE WHEN state = 'connected' THEN ms ELSE 0 END, ms FROM (${changed}) AS c WHERE ${isMember}`;
  const parts = [
    ...(whole.from < whole.to ? [ofWeeks(ALL_DAYS, `week >= ${date(whole.from)} AND week < ${date(whole.to)}`)] : []),
    ...cut.map(({ week, days }) => ofWeeks(days, `week = ${date(week)}`)),
    ...changes.flatMap((counted) => distancesSql(statement, counted)).map(ofState),
    ofState(
      `SELECT device_id, module_state AS state,
              greatest(0, date_part('epoch', least(${to}, ${now}) - greatest(module_since, ${from})) * 1000) AS ms
         FROM device_state WHERE online AND module_state <> 'unknown' AND module_since < ${to}`,
    ),
  ];
  return `
    devices AS (${devicesSql(statement, question)}),
    times AS (
      SELECT d.device_id, d.created_at, coalesce(round(p.connected_ms), 0)::bigint AS connected_ms,
             coalesce(round(p.known_ms), 0)::bigint AS known_ms
        FROM devices d
        LEFT JOIN (
          SELECT device_id, sum(connected_ms) AS connected_ms, sum(known_ms) AS known_ms
            FROM (${parts.join(" UNION ALL ")}) AS parts GROUP BY 1
        ) AS p ON p.device_id = d.device_id
    )`;
}

const ALL_DAYS = Array.from({ length: DAYS_A_WEEK }, () => ({ total: 1, beginMs: 0 }));

/** What began within the stretch, and what ended there, each with its distance from the moment. */
function distancesSql(statement: Statement, { momentMs, sign, ...stretch }: CountedChanges): string[] {
  const moment = statement.moment(momentMs);
  return [
    { edge: "began", signed: sign },
    { edge: "ended", signed: -sign },
  ].map(
    ({ edge, signed }) =>
      `SELECT device_id, state, ${signed} * abs(date_part('epoch', ${edge} - ${moment})) * 1000 AS ms
         FROM connection_interval WHERE state <> 'unknown' AND ${statement.within(edge, [stretch])}`,
  );
}

function totals(statement: Statement, { frame, nowMs }: Question): string {
  const until = statement.moment(Math.min(frame.toMs, nowMs));
  const from = statement.moment(frame.fromMs);
  return `count(*) AS devices, coalesce(sum(connected_ms), 0) AS "connectedMs", coalesce(sum(known_ms), 0) AS "knownMs",
          ${existedMs(from, until)} AS "existedMs"`;
}

/** How long devices, of which `created_at` is known, have been there between two moments; most are older, and alike. */
export const existedMs = (from: string, until: string) => {
  const since = (begin: string) => `greatest(0, date_part('epoch', ${until} - ${begin}) * 1000)`;
  return `(count(*) FILTER (WHERE created_at <= ${from}) * ${since(from)}
           + coalesce(sum(${since("created_at")}) FILTER (WHERE created_at > ${from}), 0))::bigint`;
};

function inNumbers({ devices, connectedMs, knownMs, existedMs }: Record<keyof FleetTime, string>): FleetTime {
  return {
    devices: Number(devices),
    connectedMs: Number(connectedMs),
    knownMs: Number(knownMs),
    existedMs: Number(existedMs),
  };
}
