import type { Pool } from "pg";
import type { Transaction } from "../../platform/database/database";
import { AVAILABILITY_COLUMNS, inWeek, weekOf } from "../rollups/availability-weeks";
import { addition, KEY_TYPES, type RollupName, type RollupTable, ROLLUPS } from "../rollups/rollup-tables";
import { Sums } from "../rollups/sums";
import { EXPECTED_OF_DEVICES, EXPECTED_OF_FLEET } from "./expected";

/** Whole days of UTC, as numbers since 1970: `from` inclusive, `to` exclusive. */
export interface Days {
  from: number;
  to: number;
}

/** A row of a rollup that is not what it must be; one that is not there, or must not be, has no values. */
export interface Difference {
  keys: (string | number)[];
  expected: number[] | null;
  stored: number[] | null;
}

/** Of weeks some days may lie before the raw events that are kept: they are compared by day, as a view shows them. */
const AVAILABILITY_DAY: RollupTable = {
  keys: [
    { name: "device_id", type: "device" },
    { name: "day", type: "day" },
  ],
  values: ["connected_ms", "known_ms", "connected_begins", "known_begins"].map((name) => ({ name, merge: "sum" })),
};

const HOURS_OF_DAYS = "hour >= to_timestamp($1::int * 86400::float8) AND hour < to_timestamp($2::int * 86400::float8)";

type Asked = Pick<Transaction, "query"> | Pool;

type Compared = keyof typeof EXPECTED_OF_DEVICES;

/** Rollups whose rows follow from raw events one by one. */
export const SUMMED = Object.keys(EXPECTED_OF_DEVICES) as Compared[];

/** Compares the sums by device in one statement, so that all of it is seen as of one moment, while events come in. */
export function differencesOfDevices(
  asked: Asked,
  name: Compared,
  { from, to }: Days,
  deviceIds: readonly string[],
): Promise<Difference[]> {
  const time =
    name === "availability_day"
      ? "day >= date '1970-01-01' + $1::int AND day < date '1970-01-01' + $2::int"
      : HOURS_OF_DAYS;
  const where = `device_id = ANY ($3::uuid[]) AND ${time}`;
  return compare(asked, name, EXPECTED_OF_DEVICES[name], where, [from, to, deviceIds]);
}

/** Compares the fleet's sums in the same way. */
export function differencesOfFleet(asked: Asked, { from, to }: Days): Promise<Difference[]> {
  return compare(asked, "fleet_hour", EXPECTED_OF_FLEET, HOURS_OF_DAYS, [from, to]);
}

async function compare(
  asked: Asked,
  name: RollupName | Compared,
  expected: string,
  where: string,
  parameters: unknown[],
): Promise<Difference[]> {
  const { keys, values } = tableOf(name);
  const keyNames = keys.map((key) => key.name).join(", ");
  const stored = keys.map((key) => {
    if (key.type === "hour") return `(extract(epoch FROM ${key.name}) / 3600)::int AS ${key.name}`;
    return key.type === "day" ? `${key.name} - date '1970-01-01' AS ${key.name}` : key.name;
  });
  const sums = values.filter(({ merge }) => merge === "sum").map((value) => `sum(${value.name}) <> 0`);
  const array = (side: string) => `ARRAY[${values.map((value) => `${side}.${value.name}`).join(", ")}]::float8[]`;
  const { rows } = await asked.query<Difference>(
    `WITH expected AS (SELECT ${keyNames}, ${values.map((value) => value.name).join(", ")} FROM (${expected}) AS wanted),
          stored AS (
            SELECT ${keyNames}, ${values.map((value) => `${value.merge}(${value.name}) AS ${value.name}`).join(", ")}
              FROM (SELECT ${stored.join(", ")}, ${values.map((value) => value.name).join(", ")} FROM ${name} WHERE ${where}) AS kept
             GROUP BY ${keyNames} HAVING ${sums.join(" OR ")})
     SELECT ARRAY[${keys.map((key) => `${key.name}::text`).join(", ")}] AS keys,
            CASE WHEN e.${values[0]?.name} IS NOT NULL THEN ${array("e")} END AS expected,
            CASE WHEN s.${values[0]?.name} IS NOT NULL THEN ${array("s")} END AS stored
       FROM expected e FULL JOIN stored s USING (${keyNames})
      WHERE ${array("e")} IS DISTINCT FROM ${array("s")}`,
    parameters,
  );
  return rows;
}

/**
 * Adds what is missing, and takes away what is too much. As that is itself a sum, it stays right with whatever events have
 * brought since the comparison, and nothing needs to be locked meanwhile.
 */
export async function addMissing(
  tx: Asked,
  name: RollupName | Compared,
  differences: readonly Difference[],
): Promise<void> {
  if (differences.length === 0) return;
  if (name === "availability_day") return addMissingDays(tx, differences);
  const table: RollupTable = ROLLUPS[name];
  const sums = new Sums(table);
  for (const { keys, expected, stored } of differences)
    sums.add(
      keys.map((key, index) => (isNumeric(table, index) ? Number(key) : key)),
      table.values.map(({ merge }, index) =>
        merge === "sum" ? (expected?.[index] ?? 0) - (stored?.[index] ?? 0) : ((expected ?? stored)?.[index] ?? 0),
      ),
    );
  await tx.query(addition(name, 1).sql, sums.columns());
  if (name !== "fleet_hour") await removeEmpty(tx, name, differences);
  if (name === "signal_hour") await setExtremes(tx, differences);
}

/** The same of days, which are parts of weeks. */
async function addMissingDays(tx: Asked, differences: readonly Difference[]): Promise<void> {
  const sums = new Sums(ROLLUPS.availability_week);
  for (const { keys, expected, stored } of differences) {
    const [deviceId = "", day] = [keys[0], Number(keys[1])];
    const missing = (index: number) => (expected?.[index] ?? 0) - (stored?.[index] ?? 0);
    const [connectedMs, knownMs, connectedBegins, knownBegins] = [missing(0), missing(1), missing(2), missing(3)];
    sums.add([deviceId, weekOf(day)], inWeek(day, { connectedMs, knownMs, connectedBegins, knownBegins }));
  }
  await tx.query(addition("availability_week", 1).sql, sums.columns());
  await tx.query(
    `DELETE FROM availability_week WHERE device_id = ANY ($1::uuid[])
        AND ${AVAILABILITY_COLUMNS.map((column) => `${column} = 0`).join(" AND ")}`,
    [differences.map(({ keys }) => keys[0])],
  );
}

const tableOf = (name: RollupName | Compared): RollupTable =>
  name === "availability_day" ? AVAILABILITY_DAY : ROLLUPS[name];

const isNumeric = ({ keys }: RollupTable, index: number) => ["hour", "day", "number"].includes(keys[index]?.type ?? "");

/** A row that nothing is left of goes, unless an event filled it again meanwhile. */
async function removeEmpty(tx: Asked, name: RollupName, differences: readonly Difference[]): Promise<void> {
  const { keys, values }: RollupTable = ROLLUPS[name];
  const empty = values.filter(({ merge }) => merge === "sum").map((value) => `h.${value.name} = 0`);
  await tx.query(
    `DELETE FROM ${name} h USING ${keysFrom(name)} WHERE ${keys.map((key) => `h.${key.name} = v.${key.name}`).join(" AND ")}
        AND ${empty.join(" AND ")}`,
    keyColumns(name, differences),
  );
}

/** The weakest and the strongest sample do not add up: they are set where no sample came since. */
async function setExtremes(tx: Asked, differences: readonly Difference[]): Promise<void> {
  const expected = differences.map((difference) => difference.expected ?? []);
  await tx.query(
    `UPDATE signal_hour h SET min_dbm = w.min_dbm, max_dbm = w.max_dbm
       FROM ${keysFrom("signal_hour")}, unnest($3::int[], $4::bigint[], $5::int[], $6::int[])
         WITH ORDINALITY AS w (samples, sum_dbm, min_dbm, max_dbm, number)
      WHERE w.number = v.number AND h.device_id = v.device_id AND h.hour = v.hour AND h.samples = w.samples AND h.sum_dbm = w.sum_dbm`,
    [
      ...keyColumns("signal_hour", differences),
      ...[0, 1, 2, 3].map((index) => expected.map((values) => values[index] ?? null)),
    ],
  );
}

const keyColumns = (name: RollupName, differences: readonly Difference[]) =>
  ROLLUPS[name].keys.map((_, index) => differences.map(({ keys }) => keys[index] ?? null));

/** The rows of `keyColumns` as `v`, in the parameters from the first on. */
function keysFrom(name: RollupName): string {
  const { keys }: RollupTable = ROLLUPS[name];
  const arrays = keys.map(({ type }, index) => `$${index + 1}::${KEY_TYPES[type].parameter}[]`);
  return `(SELECT number, ${keys.map(({ name: key, type }) => `${KEY_TYPES[type].sql(key)} AS ${key}`).join(", ")}
             FROM unnest(${arrays.join(", ")}) WITH ORDINALITY AS u (${keys.map((key) => key.name).join(", ")}, number)) AS v`;
}
