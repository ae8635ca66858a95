import type { RollupName } from "@mn316-fleet/contracts";
import { TIMEOUT_NAMES } from "@mn316-fleet/manual";
import { stateHoursSql } from "../history/state-hours.sql";
import { type Column, type Dataset, deviceId, integer, overlapping, text, time, within } from "./dataset";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MANY_DAYS = 100;

const hour = time("hour", "hour");

/** Sums by device and hour, in the order of the table's primary key: device, hour, and what tells its rows apart. */
const byHour = (name: RollupName, columns: readonly Column[], rest: Dataset["key"] = []): Dataset => ({
  name,
  columns: [deviceId, hour, ...columns],
  source: `${name.replace("-", "_")} r`,
  key: [["r.device_id", "uuid"], ["r.hour", "timestamptz"], ...rest],
  isOfDevices: true,
  conditions: (filter, parameter) => within("r.hour", filter, parameter),
});

/** Of hours and days those are meant that begin in the range. */
export const ROLLUPS: Record<RollupName, Dataset> = {
  "state-hour": {
    ...byHour("state-hour", [text("state", "state"), integer("ms", "ms")], [["r.state", "text"]]),
    source: ({ from, to }, parameter) => {
      const moment = (value: string | undefined) =>
        value === undefined ? undefined : `${parameter(value)}::timestamptz`;
      return `(${stateHoursSql({ from: moment(from), to: moment(to) })}) r`;
    },
    rowsADevice: ({ from, to = new Date().toISOString() }) =>
      from === undefined ? Infinity : (Date.parse(to) - Date.parse(from)) / HOUR_MS,
  },
  "timeout-hour": byHour(
    "timeout-hour",
    TIMEOUT_NAMES.map((name) => integer(name, name)),
  ),
  "disconnect-hour": byHour(
    "disconnect-hour",
    [text("cause", "cause"), integer("count", "count")],
    [["r.cause", "text"]],
  ),
  "connect-hour": byHour(
    "connect-hour",
    [integer("bucket", "bucket"), integer("count", "count")],
    [["r.bucket", "smallint"]],
  ),
  "reconnect-hour": byHour("reconnect-hour", [integer("attempts", "attempts")]),
  "signal-hour": byHour("signal-hour", [
    integer("samples", "samples"),
    integer("sumDbm", "sum_dbm"),
    integer("minDbm", "min_dbm"),
    integer("maxDbm", "max_dbm"),
  ]),
  "availability-day": {
    name: "availability-day",
    columns: [
      deviceId,
      { name: "day", type: "date", sql: "r.day::text" },
      integer("connectedMs", "connected_ms"),
      integer("knownMs", "known_ms"),
    ],
    source: "availability_day r",
    // The days are those of weeks, and all of a device's are made for each page. Of many days some pages are worth that.
    rowsADevice: ({ from, to = new Date().toISOString() }) =>
      Math.min(MANY_DAYS, from === undefined ? Infinity : (Date.parse(to) - Date.parse(from)) / DAY_MS),
    key: [
      ["r.device_id", "uuid"],
      ["r.day", "date"],
    ],
    isOfDevices: true,
    conditions: (filter, parameter) => within("r.day::timestamp AT TIME ZONE 'UTC'", filter, parameter),
  },
  // An hour's value is the sum over the slots of its writers.
  "fleet-hour": {
    name: "fleet-hour",
    columns: [hour, text("metric", "metric"), text("key", "key"), integer("value", "value")],
    source: `(SELECT hour, metric, key, sum(value)::bigint AS value FROM fleet_hour GROUP BY hour, metric, key) r`,
    key: [
      ["r.hour", "timestamptz"],
      ["r.metric", "text"],
      ["r.key", "text"],
    ],
    isOfDevices: false,
    conditions: (filter, parameter) => within("r.hour", filter, parameter),
  },
  outage: {
    name: "outage",
    columns: [
      deviceId,
      time("began", "began"),
      time("ended", "ended"),
      integer("unknownMs", "unknown_ms"),
      text("cause", "cause"),
      text("cell", "cell"),
      integer("configVersion", "config_version"),
    ],
    source: "outage r",
    key: [
      ["r.device_id", "uuid"],
      ["r.epoch", "bigint"],
      ["r.seq", "bigint"],
    ],
    isOfDevices: true,
    conditions: overlapping,
  },
};
