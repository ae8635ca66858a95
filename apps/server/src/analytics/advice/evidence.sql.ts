import type { Statement } from "../question/statement";
import { HOUR_MS, type TimeFrame } from "../question/time-frame";

/** The whole hours that advice rests on, so that the other questions answer the same; in ms since 1970. */
export interface Hours {
  fromMs: number;
  toMs: number;
}

export const hoursOf = ({ fromMs, toMs }: TimeFrame, nowMs: number): Hours => ({
  fromMs: Math.ceil(fromMs / HOUR_MS) * HOUR_MS,
  toMs: Math.floor(Math.min(toMs, nowMs) / HOUR_MS) * HOUR_MS,
});

/** These hours in a statement: `within` is that a moment lies in them, `weeks` that a row of `availability_week` has days of them. */
export function momentsOf(statement: Statement, { fromMs, toMs }: Hours) {
  const [from, to] = [statement.moment(fromMs), statement.moment(toMs)];
  return {
    from,
    to,
    within: (column: string) => `${column} >= ${from} AND ${column} < ${to}`,
    weeks: (column: string) => `${column} > ${dayOf(from)} - 7 AND ${column} < ${dayOf(to)}`,
  };
}

/** The day of UTC. */
export const dayOf = (moment: string) => `(${moment} AT TIME ZONE 'UTC')::date`;

/** Devices that came to the settings that they have within the range: `device_id`, and `began`, the first whole hour with these. */
export const changedSql = ({ from, to }: Pick<ReturnType<typeof momentsOf>, "from" | "to">) =>
  `SELECT c.device_id, least(${to}, date_trunc('hour', v.at + interval '1 hour' - interval '1 millisecond', 'UTC')) AS began
     FROM config_version v JOIN device_config c ON c.device_id = v.device_id AND c.reported_version = v.version
    WHERE v.at > ${from}`;

/** A connection `i` that did not last, as the index connection_interval_short_idx has it. */
export const IS_SHORT = "i.state = 'connected' AND i.cause <> 'requested' AND i.ended - i.began < interval '5 minutes'";
