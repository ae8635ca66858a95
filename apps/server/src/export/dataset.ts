import type { Selector } from "@mn316-fleet/contracts";

/** What a column holds, and so how each format writes it; see docs/export.md. */
export type ColumnType = "text" | "integer" | "number" | "boolean" | "time" | "date" | "json";

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** The value, of the source's alias `r`. */
  readonly sql: string;
}

/** As `pg` reads it: whole numbers may be text, dates are text. */
export type Row = Record<string, unknown>;

/** Which rows are wanted; times as ISO 8601, `from` inclusive, `to` exclusive. */
export interface RowFilter {
  from?: string | undefined;
  to?: string | undefined;
  kind?: readonly string[] | undefined;
  state?: readonly string[] | undefined;
  cause?: readonly string[] | undefined;
}

/** Whose rows are wanted; all that is named must hold, and nothing named means everyone who ever was. */
export interface DeviceFilter {
  deviceId?: string | undefined;
  selectors: readonly Selector[];
}

/** Makes `$n` of a value. */
export type Parameter = (value: unknown) => string;

/** A table that can be exported. */
export interface Dataset {
  /** Names the file. */
  readonly name: string;
  /** In the order in which they are written; new ones come at the end. */
  readonly columns: readonly Column[];
  /** What follows FROM, with the alias `r`; one that narrows itself by the filter beforehand takes it. */
  readonly source: string | ((filter: RowFilter, parameter: Parameter) => string);
  /** The order of the rows, unique, and that of an index; with their types. */
  readonly key: readonly (readonly [sql: string, type: string])[];
  /** Whether each row is a device's; else they are sums over the fleet. */
  readonly isOfDevices: boolean;
  /** About how many rows a device has, where the source makes all of its devices' rows for each page: so it is asked for few. */
  rowsADevice?(filter: RowFilter): number;
  conditions(filter: RowFilter, parameter: Parameter): string[];
  /** The row as NDJSON shows it, where that is more than its columns. */
  readonly toObject?: (row: Row) => object;
}

/** Conditions of what happened at one moment. */
export function within(moment: string, { from, to }: RowFilter, parameter: Parameter): string[] {
  return [
    ...(from === undefined ? [] : [`${moment} >= ${parameter(from)}::timestamptz`]),
    ...(to === undefined ? [] : [`${moment} < ${parameter(to)}::timestamptz`]),
  ];
}

/** Conditions of what lasted from `r.began` to `r.ended`, or still does: some of it lies in the range. */
export function overlapping({ from, to }: RowFilter, parameter: Parameter): string[] {
  return [
    ...(from === undefined ? [] : [`(r.ended IS NULL OR r.ended > ${parameter(from)}::timestamptz)`]),
    ...(to === undefined ? [] : [`r.began < ${parameter(to)}::timestamptz`]),
  ];
}

/** A condition on one of several values, if any are named. */
export function oneOf(sql: string, values: readonly string[] | undefined, parameter: Parameter): string[] {
  return values ? [`${sql} = ANY (${parameter(values)}::text[])`] : [];
}

const column =
  (type: ColumnType) =>
  (name: string, sql: string): Column => ({ name, type, sql: `r.${sql}` });
export const text = column("text");
export const integer = column("integer");
export const time = column("time");
export const deviceId = text("deviceId", "device_id");
