import type { HourlySource } from "./question/hourly-sums";

/** A module that was connected is seen not to be, by cause; see the projector of rollups. */
export const DISCONNECTS: HourlySource = {
  fleet: (isHour) => `SELECT hour AS at, key, value FROM fleet_hour WHERE metric = 'disconnect' AND ${isHour("hour")}`,
  rollup: (isHour) =>
    `SELECT h.hour AS at, h.cause AS key, h.count AS value, h.device_id FROM disconnect_hour h WHERE ${isHour("h.hour")}`,
  raw: (isWithin) =>
    `SELECT e.at, e.fields ->> 'cause' AS key, 1 AS value, e.device_id FROM module_event e
      WHERE e.kind = 'state' AND e.fields ->> 'from' = 'connected' AND e.fields ->> 'to' <> 'unknown' AND ${isWithin("e.at")}`,
};
