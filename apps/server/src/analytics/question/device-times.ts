import { Injectable } from "@nestjs/common";
import { Database } from "../../platform/database/database";
import { devicesSql, membersSql } from "./devices.sql";
import { overlapMs } from "./hourly-states";
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
const DAY = "interval '1 day'";
const AVAILABILITY = "CASE WHEN known_ms > 0 THEN least(1, connected_ms::float8 / known_ms) END";

/**
 * Time known, and connected, by device: whole days of UTC from the rollup. Of a day that the range cuts, the intervals that
 * begin or end within it say where their part of it lies, and what is left belongs to those that last all through it.
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
  const [from, to, now] = [fromMs, toMs, nowMs].map((ms) => statement.moment(ms));
  const firstDay = Math.ceil(fromMs / DAY_MS) * DAY_MS;
  const lastDay = Math.floor(toMs / DAY_MS) * DAY_MS;
  const cutDays = [...new Set([fromMs, toMs].filter((ms) => ms % DAY_MS !== 0).map((ms) => Math.floor(ms / DAY_MS)))];
  const days = statement.moments(cutDays.map((day) => day * DAY_MS));
  const stretches = cutDays.map((day) => ({ fromMs: day * DAY_MS, toMs: (day + 1) * DAY_MS }));
  const isTouching =
    stretches.length > 0
      ? `(${statement.within("i.began", stretches)} OR ${statement.within("i.ended", stretches)})`
      : "false";
  const date = (ms: number) => statement.parameter("date", new Date(ms).toISOString().slice(0, 10));
  const isMember = (column: string) => (isFleet ? "" : `AND ${column} IN (SELECT device_id FROM devices)`);
  const both = (ms: string) =>
    `sum(${ms}) FILTER (WHERE i.state = 'connected') AS connected_ms, sum(${ms}) FILTER (WHERE i.state <> 'unknown') AS known_ms`;
  return `
    devices AS (${devicesSql(statement, question)}),
    cut AS (
      SELECT day AS day_began, day + ${DAY} AS day_ended, greatest(day, ${from}) AS began, least(day + ${DAY}, ${to}) AS ended
        FROM unnest(${days}) AS day
    ),
    touching AS (
      SELECT i.device_id, c.day_began, ${both(overlapMs("c.began", "c.ended"))},
             ${both(overlapMs("c.day_began", "c.day_ended")).replaceAll("_ms", "_day_ms")}
        FROM (SELECT * FROM connection_interval i WHERE ${isTouching}) AS i JOIN cut c
          ON (i.began > c.day_began AND i.began < c.day_ended) OR (i.ended > c.day_began AND i.ended < c.day_ended)
       WHERE true ${isMember("i.device_id")}
       GROUP BY 1, 2
    ),
    parts AS (
      SELECT device_id, connected_ms::float8, known_ms::float8 FROM availability_day
       WHERE day >= ${date(firstDay)} AND day < ${date(lastDay)} ${isMember("device_id")}
      UNION ALL
      SELECT a.device_id,
             coalesce(t.connected_ms, 0) + (a.connected_ms - coalesce(t.connected_day_ms, 0)) * c.part_ms / 86400000,
             coalesce(t.known_ms, 0) + (a.known_ms - coalesce(t.known_day_ms, 0)) * c.part_ms / 86400000
        FROM (SELECT *, date_part('epoch', ended - began) * 1000 AS part_ms FROM cut) AS c
        JOIN availability_day a ON a.day = (c.day_began AT TIME ZONE 'UTC')::date
        LEFT JOIN touching t ON t.device_id = a.device_id AND t.day_began = c.day_began
       WHERE true ${isMember("a.device_id")}
      UNION ALL
      SELECT i.device_id, i.ms * (i.state = 'connected')::int, i.ms
        FROM (SELECT device_id, module_state AS state,
                     greatest(0, date_part('epoch', least(${to}, ${now}) - greatest(module_since, ${from})) * 1000) AS ms
                FROM device_state WHERE online AND module_state <> 'unknown' AND module_since < ${to}) AS i
       WHERE true ${isMember("i.device_id")}
    ),
    times AS (
      SELECT d.device_id, d.created_at, coalesce(round(p.connected_ms), 0)::bigint AS connected_ms,
             coalesce(round(p.known_ms), 0)::bigint AS known_ms
        FROM devices d
        LEFT JOIN (SELECT device_id, sum(connected_ms) AS connected_ms, sum(known_ms) AS known_ms FROM parts GROUP BY 1) AS p
          ON p.device_id = d.device_id
    )`;
}

function totals(statement: Statement, { frame, nowMs }: Question): string {
  const until = statement.moment(Math.min(frame.toMs, nowMs));
  const from = statement.moment(frame.fromMs);
  return `count(*) AS devices, coalesce(sum(connected_ms), 0) AS "connectedMs", coalesce(sum(known_ms), 0) AS "knownMs",
          ${existedMs(from, until)} AS "existedMs"`;
}

/** How long devices, of which `created_at` is known, have been there between two moments. */
export const existedMs = (from: string, until: string) =>
  `coalesce(sum(greatest(0, date_part('epoch', ${until} - greatest(created_at, ${from})) * 1000)), 0)::bigint`;

function inNumbers({ devices, connectedMs, knownMs, existedMs }: Record<keyof FleetTime, string>): FleetTime {
  return {
    devices: Number(devices),
    connectedMs: Number(connectedMs),
    knownMs: Number(knownMs),
    existedMs: Number(existedMs),
  };
}
