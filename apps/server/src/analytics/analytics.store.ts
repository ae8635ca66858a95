import { TIMEOUT_NAMES, type TimeoutName } from "@mn316-fleet/manual";
import { Injectable } from "@nestjs/common";
import { Database } from "../platform/database/database";

/** Whom and when a question is about; `to` is exclusive. */
export interface Question {
  from: Date;
  to: Date;
  deviceId?: string | undefined;
  tag?: string | undefined;
}

export type TimeoutRow = Record<TimeoutName, number> & { at: Date };
export interface AvailabilityRow {
  deviceId: string;
  connectedMs: number;
  knownMs: number;
}

const DEVICES = `SELECT id FROM device WHERE ($3::uuid IS NULL OR id = $3) AND ($4::text IS NULL OR tags @> ARRAY[$4])`;
const SUMS = TIMEOUT_NAMES.map((name) => `coalesce(sum(t.${name}), 0)::int AS ${name}`).join(", ");
const COUNTS = TIMEOUT_NAMES.map(
  (name, index) => `count(*) FILTER (WHERE (e.fields->>'type')::int = ${index + 1})::int AS ${name}`,
).join(", ");

@Injectable()
export class AnalyticsStore {
  constructor(private readonly database: Database) {}

  async countDevices({ from, to, deviceId, tag }: Question): Promise<number> {
    const { rows } = await this.database.pool.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM (${DEVICES}) AS d, (SELECT $1::timestamptz, $2::timestamptz) AS range`,
      [from, to, deviceId, tag],
    );
    return rows[0]?.count ?? 0;
  }

  /**
   * Timeouts by bucket: whole hours from the rollup (index timeout_hour_hour_idx), what is left at both ends of the range
   * from the raw events.
   */
  async timeouts(question: Question, bucket: "hour" | "day"): Promise<TimeoutRow[]> {
    const { from, to, deviceId, tag } = question;
    const { rows } = await this.database.pool.query<TimeoutRow>(
      `WITH devices AS (${DEVICES}), bounds AS (${WHOLE_HOURS}),
       hours AS (
         SELECT h.hour, ${TIMEOUT_NAMES.map((name) => `h.${name}`).join(", ")}
           FROM timeout_hour h, bounds b WHERE h.hour >= b.first AND h.hour < b.last AND h.device_id IN (SELECT id FROM devices)
         UNION ALL
         SELECT date_trunc('hour', e.at, 'UTC'), ${COUNTS}
           FROM module_event e, bounds b
          WHERE e.kind = 'timeout' AND e.at >= $1 AND e.at < $2 AND (e.at < b.first OR e.at >= b.last)
            AND e.device_id IN (SELECT id FROM devices)
          GROUP BY 1
       )
       SELECT date_trunc($5, t.hour, 'UTC') AS at, ${SUMS} FROM hours t GROUP BY 1 ORDER BY 1`,
      [from, to, deviceId, tag, bucket],
    );
    return rows;
  }

  /**
   * Time connected and time known by device. Whole hours come from the rollup, the ends of the range from the intervals,
   * and the interval that is still open from the device's state, as long as its agent is there to tell.
   */
  async availability(question: Question): Promise<AvailabilityRow[]> {
    const { from, to, deviceId, tag } = question;
    const { rows } = await this.database.pool.query<{ deviceId: string; connectedMs: string; knownMs: string }>(
      `WITH devices AS (${DEVICES}), bounds AS (${WHOLE_HOURS}),
       ends (began, ended) AS (SELECT $1::timestamptz, first FROM bounds UNION ALL SELECT last, $2::timestamptz FROM bounds),
       parts AS (
         SELECT h.device_id, h.state, h.ms FROM state_hour h, bounds b
          WHERE h.hour >= b.first AND h.hour < b.last AND h.device_id IN (SELECT id FROM devices)
         UNION ALL
         SELECT i.device_id, i.state, ${OVERLAP} FROM connection_interval i, ends e
          WHERE i.began < e.ended AND i.ended > e.began AND i.device_id IN (SELECT id FROM devices)
         UNION ALL
         SELECT i.device_id, i.module_state, ${OVERLAP}
           FROM (SELECT device_id, module_state, module_since AS began, now() AS ended FROM device_state
                  WHERE online AND module_since < $2) AS i,
                (SELECT $1::timestamptz AS began, $2::timestamptz AS ended) AS e
          WHERE i.ended > e.began AND i.device_id IN (SELECT id FROM devices)
       )
       SELECT d.id AS "deviceId",
              coalesce(sum(p.ms) FILTER (WHERE p.state = 'connected'), 0) AS "connectedMs",
              coalesce(sum(p.ms) FILTER (WHERE p.state <> 'unknown'), 0) AS "knownMs"
         FROM devices d LEFT JOIN parts p ON p.device_id = d.id GROUP BY d.id`,
      [from, to, deviceId, tag],
    );
    return rows.map((row) => ({
      deviceId: row.deviceId,
      connectedMs: Number(row.connectedMs),
      knownMs: Number(row.knownMs),
    }));
  }
}

/** The whole hours inside the range; for a range without one, an empty stretch at its end. */
const WHOLE_HOURS = `
  SELECT least(date_trunc('hour', $1::timestamptz + interval '1 hour' - interval '1 millisecond', 'UTC'), $2::timestamptz) AS first,
         greatest(date_trunc('hour', $2::timestamptz, 'UTC'),
                  least(date_trunc('hour', $1::timestamptz + interval '1 hour' - interval '1 millisecond', 'UTC'), $2::timestamptz)) AS last`;

/** Milliseconds that an interval \`i\` has in common with a stretch \`e\`. */
const OVERLAP = "greatest(0, extract(epoch FROM least(i.ended, e.ended) - greatest(i.began, e.began)) * 1000)::bigint";
