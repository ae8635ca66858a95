import { DAYS_A_WEEK } from "../../history/rollups/availability-weeks";
import type { Statement } from "../question/statement";
import { HOUR_MS, type TimeFrame } from "../question/time-frame";

const HALF_A_DAY_MS = 43_200_000;

/** The whole hours that advice rests on, so that the other questions answer the same; in ms since 1970. */
export interface Hours {
  fromMs: number;
  toMs: number;
}

export const hoursOf = ({ fromMs, toMs }: TimeFrame, nowMs: number): Hours => ({
  fromMs: Math.ceil(fromMs / HOUR_MS) * HOUR_MS,
  toMs: Math.floor(Math.min(toMs, nowMs) / HOUR_MS) * HOUR_MS,
});

/** These hours in a statement. */
export class Moments {
  readonly from: string;
  readonly to: string;

  constructor(
    private readonly statement: Statement,
    private readonly hours: Hours,
  ) {
    this.from = statement.moment(hours.fromMs);
    this.to = statement.moment(hours.toMs);
  }

  /** That a moment lies in them. */
  within(column: string): string {
    return `${column} >= ${this.from} AND ${column} < ${this.to}`;
  }

  /** That a row of `availability_week` has days of them. */
  weeks(column: string): string {
    return `${column} > ${this.day(this.hours.fromMs)} - ${DAYS_A_WEEK} AND ${column} < ${this.day(this.hours.toMs)}`;
  }

  /**
   * On how many of these days of UTC, of a row of `availability_week` `w`, the module was connected for most of the time.
   * @param began a moment whose day, where it is one, is the first to count
   */
  connectedDays(began?: string): string {
    const [from, end] = [this.day(this.hours.fromMs), this.day(this.hours.toMs)];
    const first = began === undefined ? from : `coalesce((${began} AT TIME ZONE 'UTC')::date, ${from})`;
    const isCounted = (day: string) => `${day} >= ${first} AND ${day} < ${end}`;
    return Array.from(
      { length: DAYS_A_WEEK },
      (_, day) => `(w.connected_${day} > ${HALF_A_DAY_MS} AND ${isCounted(`w.week + ${day}`)})::int`,
    ).join(" + ");
  }

  private day(ms: number): string {
    return this.statement.parameter("date", new Date(ms).toISOString().slice(0, 10));
  }
}

/** Devices that came to the settings that they have within the range: `device_id`, and `began`, the first whole hour with these. */
export const changedSql = ({ from, to }: Moments) =>
  `SELECT c.device_id, least(${to}, date_trunc('hour', v.at + interval '1 hour' - interval '1 millisecond', 'UTC')) AS began
     FROM config_version v JOIN device_config c ON c.device_id = v.device_id AND c.reported_version = v.version
    WHERE v.at > ${from}`;

/** A connection `i` that did not last, as the index connection_interval_short_idx has it. */
export const IS_SHORT = "i.state = 'connected' AND i.cause <> 'requested' AND i.ended - i.began < interval '5 minutes'";
