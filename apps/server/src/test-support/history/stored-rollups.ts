import type { Pool } from "pg";
import { ROLLUP_NAMES, type RollupTable, ROLLUPS } from "../../history/rollups/rollup-tables";
import { stateHoursSql } from "../../history/state-hours.sql";
import type { Recomputed } from "./recompute";

/** What the rollups of these devices hold, and those of the whole fleet, in the form of `recompute`. */
export async function storedRollups(pool: Pool, deviceIds: readonly string[]): Promise<Recomputed> {
  const stored: Recomputed = {};
  for (const name of ROLLUP_NAMES) {
    const { keys, values }: RollupTable = ROLLUPS[name];
    const key = keys.map((column) =>
      column.type === "hour" || column.type === "day"
        ? `(extract(epoch FROM ${column.name}) * 1000)::bigint`
        : column.name,
    );
    // An hour of the fleet is the sum over its slots.
    const columns = values.map((column) => `sum(${column.name})::float8`);
    const { rows } = await pool.query<{ key: string; values: number[] }>(
      `SELECT concat_ws(' ', ${key.join(", ")}) AS key, ARRAY[${columns.join(", ")}] AS values FROM ${name}
        ${name === "fleet_hour" ? "WHERE $1::uuid[] IS NOT NULL" : "WHERE device_id = ANY ($1::uuid[])"}
        GROUP BY ${keys.map((column) => column.name).join(", ")}`,
      [deviceIds],
    );
    const filled = rows.filter((row) => row.values.some((value) => value !== 0));
    stored[name] = Object.fromEntries(filled.map((row) => [row.key, row.values]));
  }
  const hours = await pool.query<{ key: string; values: number[] }>(
    `SELECT concat_ws(' ', device_id, (extract(epoch FROM hour) * 1000)::bigint, state) AS key, ARRAY[ms::float8] AS values
       FROM (${stateHoursSql({}, "device_id = ANY ($1::uuid[])")}) AS state_hour`,
    [deviceIds],
  );
  stored.state_hour = Object.fromEntries(hours.rows.map((row) => [row.key, row.values]));
  const { rows } = await pool.query<{ deviceId: string; epoch: string; seq: string; began: Date; ended: Date }>(
    `SELECT device_id AS "deviceId", epoch, seq, began, ended, unknown_ms::float8 AS "unknownMs", cause, cell,
            config_version AS "configVersion" FROM outage WHERE device_id = ANY ($1::uuid[])`,
    [deviceIds],
  );
  stored.outage = Object.fromEntries(
    rows.map(({ deviceId, epoch, seq, began, ended, ...rest }) => [
      `${deviceId} ${epoch} ${seq}`,
      { epoch: Number(epoch), seq: Number(seq), began: began.getTime(), ended: ended.getTime(), ...rest },
    ]),
  );
  return stored;
}
