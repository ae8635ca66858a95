const HOUR = "interval '1 hour'";

/** A stretch of time in SQL, of which one end or both may be open. */
export interface SqlRange {
  from?: string | undefined;
  to?: string | undefined;
}

/**
 * A query of the milliseconds in each state by device and hour: `device_id`, `hour`, `state`, `ms`. They are cut out of the
 * intervals, which are kept as long: a row for every hour of every device would take more room than all else that is known.
 * @param hours those that begin in this range
 * @param condition on the intervals `i`
 */
export function stateHoursSql({ from, to }: SqlRange, condition = "true"): string {
  const begin =
    from === undefined
      ? "date_trunc('hour', i.began, 'UTC')"
      : `greatest(date_trunc('hour', i.began, 'UTC'), ${wholeHour(from)})`;
  const end = to === undefined ? "i.ended" : `least(i.ended, ${wholeHour(to)})`;
  const conditions = [
    condition,
    "i.ended > i.began",
    ...(from === undefined ? [] : [`i.ended > ${wholeHour(from)}`]),
    ...(to === undefined ? [] : [`i.began < ${wholeHour(to)}`]),
  ];
  return `
    SELECT i.device_id, h.hour, i.state,
           sum((date_part('epoch', least(i.ended, h.hour + ${HOUR}) - greatest(i.began, h.hour)) * 1000)::bigint)::bigint AS ms
      FROM connection_interval i
     CROSS JOIN LATERAL generate_series(${begin}, ${end} - interval '1 millisecond', ${HOUR}) AS h (hour)
     WHERE ${conditions.join(" AND ")}
     GROUP BY i.device_id, h.hour, i.state`;
}

/** The first hour that does not begin before a moment. */
const wholeHour = (moment: string) => `date_trunc('hour', ${moment} + ${HOUR} - interval '1 microsecond', 'UTC')`;
