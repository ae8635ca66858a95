import type { Pool } from "pg";
import type { Transaction } from "../../platform/database/database";
import { BEGAN, MS } from "./expected";
import type { Days } from "./differences";

type Asked = Pick<Transaction, "query"> | Pool;

/** An interval that is not what its event says; without `state`, one of which no event tells. */
interface IntervalDifference {
  deviceId: string;
  epoch: string;
  seq: string;
  state: string | null;
  began: string | null;
  ended: string | null;
  cause: string | null;
}

/** Intervals that ended within the days, as their `state` events have them; of devices $3. */
const WRONG = `
  WITH told AS MATERIALIZED (
    SELECT device_id, epoch, seq, fields->>'from' AS state, ${BEGAN} AS began, ${MS("at")} AS ended, fields->>'cause' AS cause
      FROM module_event
     WHERE device_id = ANY ($3::uuid[]) AND kind = 'state' AND at >= to_timestamp($1::int * 86400::float8)
       AND at < to_timestamp($2::int * 86400::float8)
  ), lacking AS MATERIALIZED (
    -- Few: only these are looked for in the partitions of all days.
    SELECT i.device_id, i.epoch, i.seq FROM connection_interval i LEFT JOIN told t USING (device_id, epoch, seq)
     WHERE i.device_id = ANY ($3::uuid[]) AND i.ended >= to_timestamp($1::int * 86400::float8)
       AND i.ended < to_timestamp($2::int * 86400::float8) AND t.seq IS NULL
  )
  SELECT device_id AS "deviceId", epoch, seq, t.state, t.began, t.ended, t.cause
    FROM told t LEFT JOIN connection_interval i USING (device_id, epoch, seq)
   WHERE (t.state, t.began, t.ended, t.cause) IS DISTINCT FROM (i.state, ${MS("i.began")}, ${MS("i.ended")}, i.cause)
  UNION ALL
  SELECT device_id, epoch, seq, NULL, NULL, NULL, NULL FROM lacking l
   WHERE NOT EXISTS (SELECT FROM module_event e
                      WHERE e.device_id = l.device_id AND e.epoch = l.epoch AND e.seq = l.seq AND e.kind = 'state')`;

/** Compares intervals with raw events in one statement, so that all of it is seen as of one moment. */
export async function differencesOfIntervals(
  asked: Asked,
  { from, to }: Days,
  deviceIds: readonly string[],
): Promise<IntervalDifference[]> {
  const { rows } = await asked.query<IntervalDifference>(WRONG, [from, to, deviceIds]);
  return rows;
}

/** Sets intervals right. Nothing else ever changes one, so what was found is still so. */
export async function setIntervals(asked: Asked, differences: readonly IntervalDifference[]): Promise<void> {
  const column = (name: keyof IntervalDifference) => differences.map((difference) => difference[name]);
  const keys = [column("deviceId"), column("epoch"), column("seq")];
  await asked.query(
    `DELETE FROM connection_interval i USING unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS v (device_id, epoch, seq)
      WHERE i.device_id = v.device_id AND i.epoch = v.epoch AND i.seq = v.seq`,
    keys,
  );
  await asked.query(
    `INSERT INTO connection_interval (device_id, epoch, seq, state, began, ended, cause, config_version)
     SELECT v.device_id, v.epoch, v.seq, v.state, to_timestamp(v.began / 1000), to_timestamp(v.ended / 1000), v.cause,
            (SELECT max((c.fields->>'version')::int) FROM module_event c
              WHERE c.device_id = v.device_id AND c.kind = 'config' AND c.fields->>'status' = 'applied'
                AND (c.epoch, c.seq) < (v.epoch, v.seq))
       FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::float8[], $6::float8[], $7::text[])
         AS v (device_id, epoch, seq, state, began, ended, cause) WHERE v.state IS NOT NULL`,
    [...keys, ...(["state", "began", "ended", "cause"] as const).map(column)],
  );
}
