import { TIMEOUT_NAMES } from "@mn316-fleet/manual";
import { AVAILABILITY_COLUMNS } from "./availability-weeks";

/** How a column travels to the database: hours and days as whole numbers since 1970, which are quickly written and read. */
export const KEY_TYPES = {
  device: { parameter: "uuid", sql: (value: string) => value },
  hour: { parameter: "int", sql: (value: string) => `to_timestamp(${value} * 3600::float8)` },
  day: { parameter: "int", sql: (value: string) => `date '1970-01-01' + ${value}` },
  text: { parameter: "text", sql: (value: string) => value },
  number: { parameter: "bigint", sql: (value: string) => value },
} as const;

/** A column of a key. */
export interface KeyColumn {
  name: string;
  type: keyof typeof KEY_TYPES;
}

/** A column that is learnt from events, and how what is new goes into what is there. */
export interface ValueColumn {
  name: string;
  merge: "sum" | "min" | "max";
}

export interface RollupTable {
  keys: readonly KeyColumn[];
  values: readonly ValueColumn[];
}

const device: KeyColumn = { name: "device_id", type: "device" };
const fleet: KeyColumn = { name: "fleet_id", type: "number" };
const hour: KeyColumn = { name: "hour", type: "hour" };
const sum = (name: string): ValueColumn => ({ name, merge: "sum" });

/** The sums by device, and those of each whole fleet; keys in the order in which rows are locked. */
export const ROLLUPS = {
  availability_week: { keys: [device, { name: "week", type: "day" }], values: AVAILABILITY_COLUMNS.map(sum) },
  timeout_hour: { keys: [device, hour], values: TIMEOUT_NAMES.map(sum) },
  disconnect_hour: { keys: [device, hour, { name: "cause", type: "text" }], values: [sum("count")] },
  connect_hour: { keys: [device, hour, { name: "bucket", type: "number" }], values: [sum("count")] },
  reconnect_hour: { keys: [device, hour], values: [sum("attempts")] },
  signal_hour: {
    keys: [device, hour],
    values: [sum("samples"), sum("sum_dbm"), { name: "min_dbm", merge: "min" }, { name: "max_dbm", merge: "max" }],
  },
  fleet_hour: {
    keys: [fleet, { name: "metric", type: "text" }, hour, { name: "key", type: "text" }],
    values: [sum("value")],
  },
} as const satisfies Record<string, RollupTable>;

export type RollupName = keyof typeof ROLLUPS;
export const ROLLUP_NAMES = Object.keys(ROLLUPS) as readonly RollupName[];

/** Any number that no other pair of advisory locks of the fleet begins with. */
const SLOT_LOCKS = 316_018;
const LAST_SLOT = 31;

/**
 * A statement's part that adds rows to a table, which come as one array a column, from parameter `first` on.
 * Of the fleet's rows every writer takes the first slot that no other one holds: so writers do not wait for each other,
 * and there are no more slots than writers at once.
 */
export function addition(name: RollupName, first: number): { sql: string; parameters: number } {
  const { keys, values }: RollupTable = ROLLUPS[name];
  const columns = [...keys, ...values.map((column) => ({ ...column, type: "number" as const }))];
  const arrays = columns.map(({ type }, index) => `$${first + index}::${KEY_TYPES[type].parameter}[]`);
  const slot = name === "fleet_hour";
  const names = [...columns.map((column) => column.name), ...(slot ? ["slot"] : [])];
  const selected = columns.map((column) => KEY_TYPES[column.type].sql(`v.${column.name}`));
  if (slot)
    selected.push(
      `coalesce((SELECT s FROM generate_series(0, ${LAST_SLOT - 1}) AS s
                  WHERE pg_try_advisory_xact_lock(${SLOT_LOCKS}, s) LIMIT 1), ${LAST_SLOT})`,
    );
  const merged = values.map(({ name: column, merge }) =>
    merge === "sum"
      ? `${column} = h.${column} + excluded.${column}`
      : `${column} = ${merge === "min" ? "least" : "greatest"}(h.${column}, excluded.${column})`,
  );
  const sql = `
    INSERT INTO ${name} AS h (${names.join(", ")})
    SELECT ${selected.join(", ")}
      FROM unnest(${arrays.join(", ")}) AS v (${columns.map((column) => column.name).join(", ")})
    ON CONFLICT (${[...keys.map((column) => column.name), ...(slot ? ["slot"] : [])].join(", ")})
    DO UPDATE SET ${merged.join(", ")}`;
  return { sql, parameters: columns.length };
}
