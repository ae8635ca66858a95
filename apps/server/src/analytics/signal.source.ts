import type { HourlySource } from "./question/hourly-sums";

/** Samples in which the module knew its signal: how many, and their sum, least and greatest, in dBm. */
export const SIGNAL: HourlySource = {
  fleet: (isHour) =>
    `SELECT hour AS at, value AS samples, key::int * value AS sum, key::int AS min, key::int AS max
       FROM fleet_hour WHERE metric = 'signal' AND ${isHour("hour")}`,
  rollup: (isHour) =>
    `SELECT h.hour AS at, h.samples, h.sum_dbm::float8 AS sum, h.min_dbm::int AS min, h.max_dbm::int AS max, h.device_id
       FROM signal_hour h WHERE ${isHour("h.hour")}`,
  // 27.007 §8.5: 99 is not known or not detectable
  raw: (isWithin) =>
    `SELECT r.at, 1 AS samples, r.dbm::float8 AS sum, r.dbm AS min, r.dbm AS max, r.device_id
       FROM (SELECT e.at, 2 * (e.fields ->> 'rssi')::int - 113 AS dbm, e.device_id FROM module_event e
              WHERE e.kind = 'signal' AND e.fields ->> 'rssi' <> '99' AND ${isWithin("e.at")}) AS r`,
};

/** Columns of `SIGNAL`, added up. */
export const SIGNAL_SUMS = `sum(p.samples) AS samples, sum(p.sum) AS sum, min(p.min) AS min, max(p.max) AS max`;

export interface SignalSums {
  samples: number;
  sum: number;
  min: number;
  max: number;
}

export interface Levels {
  samples: number;
  meanDbm: number | null;
  minDbm: number | null;
  maxDbm: number | null;
}

/** Sums as PostgreSQL gives them: large integers as text. */
export type StoredSums = Record<"samples" | "sum", string | number> & Record<"min" | "max", number>;

export function toSums<T extends StoredSums>(row: T): Omit<T, keyof StoredSums> & SignalSums {
  return { ...row, samples: Number(row.samples), sum: Number(row.sum) };
}

export function together(sums: readonly SignalSums[]): SignalSums | undefined {
  return sums.length === 0
    ? undefined
    : sums.reduce((all, each) => ({
        samples: all.samples + each.samples,
        sum: all.sum + each.sum,
        min: Math.min(all.min, each.min),
        max: Math.max(all.max, each.max),
      }));
}

export function toLevels(sums: SignalSums | undefined): Levels {
  if (!sums) return { samples: 0, meanDbm: null, minDbm: null, maxDbm: null };
  const { samples, sum, min, max } = sums;
  return { samples, meanDbm: sum / samples, minDbm: min, maxDbm: max };
}
