import { Injectable } from "@nestjs/common";
import { Database } from "../../platform/database/database";
import { devicesSql, membersSql } from "./devices.sql";
import type { Question } from "./question";
import { Statement } from "./statement";
import type { Stretch } from "./time-frame";

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

/**
 * Time known, and connected, by device: days of UTC from the rollup. Where a device was when a day began that the range cuts
 * follows from its time in that day, and from what it came into and left meanwhile; so how much of the day counts is a sum, too.
 */
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
  const { fromMs, toMs } = frame;
  const isMember = (column: string) => (isFleet ? "" : `AND ${column} IN (SELECT device_id FROM devices)`);
  const date = (ms: number) => statement.parameter("date", new Date(ms).toISOString().slice(0, 10));
  const parts = cutDays(frame);
  // Little ends after a moment that has just been: that is taken away. Of others what begins and ends in the day is looked at.
  const isOpen = ({ fromMs: began, dayMs, toMs: ended }: CutDay) => began === dayMs && ended > nowMs - DAY_MS;
  const shares = parts.map((part) => {
    const share = isOpen(part) ? 1 : (part.toMs - part.fromMs) / DAY_MS;
    return `WHEN ${date(part.dayMs)} THEN ${statement.parameter("float8", share)}`;
  });
  const share = shares.length > 0 ? `CASE day ${shares.join(" ")} ELSE 1 END` : "1";
  const [from, to] = [fromMs, toMs].map((ms) => statement.moment(ms));
  const days = [Math.floor(fromMs / DAY_MS), Math.ceil(toMs / DAY_MS)].map((day) => date(day * DAY_MS));
  const cuts = parts.flatMap((part) => (isOpen(part) ? [beyond(statement, part)] : changes(statement, part)));
  return `
    devices AS (${devicesSql(statement, question)}),
    times AS (
      SELECT d.device_id, d.created_at, coalesce(round(p.connected_ms), 0)::bigint AS connected_ms,
             coalesce(round(p.known_ms), 0)::bigint AS known_ms
        FROM devices d
        LEFT JOIN (
          SELECT device_id, sum(connected_ms) AS connected_ms, sum(known_ms) AS known_ms FROM (
            SELECT device_id, connected_ms * ${share} AS connected_ms, known_ms * ${share} AS known_ms FROM availability_day
             WHERE day >= ${days[0]} AND day < ${days[1]} ${isMember("device_id")}
            ${cuts
              .map(
                (cut) => `UNION ALL
            SELECT device_id, CASE WHEN state = 'connected' THEN ms ELSE 0 END, ms
              FROM (${cut}) AS c WHERE state <> 'unknown' ${isMember("device_id")}`,
              )
              .join(" ")}
            UNION ALL
            SELECT device_id, CASE WHEN module_state = 'connected' THEN ms ELSE 0 END, ms FROM (
              SELECT device_id, module_state,
                     greatest(0, date_part('epoch', least(${to}, ${statement.moment(nowMs)}) - greatest(module_since, ${from})) * 1000) AS ms
                FROM device_state WHERE online AND module_state <> 'unknown' AND module_since < ${to}) AS o
             WHERE true ${isMember("device_id")}
          ) AS parts GROUP BY 1
        ) AS p ON p.device_id = d.device_id
    )`;
}

/** A day of UTC that the range cuts, and the part of it that counts. */
interface CutDay extends Stretch {
  dayMs: number;
}

function cutDays({ fromMs, toMs }: Stretch): CutDay[] {
  const cut = [fromMs, toMs].filter((ms) => ms % DAY_MS !== 0).map((ms) => Math.floor(ms / DAY_MS) * DAY_MS);
  return [...new Set(cut)].map((dayMs) => ({
    ...{ dayMs, fromMs: Math.max(dayMs, fromMs), toMs: Math.min(dayMs + DAY_MS, toMs) },
  }));
}

/** What is to be taken from a day that counts up to some moment: what of intervals lies behind that. */
function beyond(statement: Statement, { dayMs, toMs }: CutDay): string {
  const [from, to] = [toMs, dayMs + DAY_MS].map((ms) => statement.moment(ms));
  return `SELECT device_id, state, -1000 * date_part('epoch', least(ended, ${to}) - greatest(began, ${from})) AS ms
            FROM connection_interval WHERE ended > ${from} AND began < ${to}`;
}

/**
 * What begins and ends within a cut day, each for itself. With n = whether the state lasted when the day began, the day has
 * n · day + Σ ± (day's end − at) of it, of which the share of the part is added elsewhere; and the part has n · part + Σ ±
 * (part's end − at, at most the part, and 0 behind it). What each change puts between them is its `ms`.
 */
function changes(statement: Statement, { dayMs, fromMs, toMs }: CutDay): string[] {
  const partMs = toMs - fromMs;
  const float = (value: number) => statement.parameter("float8", value);
  return [
    { edge: "began", sign: "" },
    { edge: "ended", sign: "-" },
  ].map(({ edge, sign }) => {
    const inPart = `greatest(0, ${float(partMs)} - greatest(at_ms, 0))`;
    const inDay = `(${float(dayMs + DAY_MS - fromMs)} - at_ms) * ${float(partMs / DAY_MS)}`;
    return `SELECT device_id, state, ${sign}(${inPart} - ${inDay}) AS ms
              FROM (SELECT device_id, state, date_part('epoch', ${edge} - ${statement.moment(fromMs)}) * 1000 AS at_ms
                      FROM connection_interval WHERE ${statement.within(edge, [{ fromMs: dayMs, toMs: dayMs + DAY_MS }])}) AS e`;
  });
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
