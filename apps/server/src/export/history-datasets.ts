import { toStoredEvent } from "../history/history.store";
import { type Column, type Dataset, deviceId, integer, oneOf, overlapping, text, time, within } from "./dataset";

const json = (name: string, sql: string): Column => ({ name, type: "json", sql: `r.${sql}` });
/** Of an interval that lasts, up to now. */
const seconds: Column = {
  name: "seconds",
  type: "number",
  sql: "greatest(0, extract(epoch FROM coalesce(r.ended, now()) - r.began))::float8",
};

/** Raw events by device, in the order in which the device recorded them (primary key of each partition). */
export const EVENTS: Dataset = {
  name: "events",
  columns: [
    deviceId,
    integer("epoch", "epoch"),
    integer("seq", "seq"),
    time("at", "at"),
    time("receivedAt", "received_at"),
    text("kind", "kind"),
    json("fields", "fields"),
  ],
  source: "module_event r",
  key: [
    ["r.device_id", "uuid"],
    ["r.epoch", "bigint"],
    ["r.seq", "bigint"],
    ["r.at", "timestamptz"],
  ],
  isOfDevices: true,
  conditions: (filter, parameter) => [...within("r.at", filter, parameter), ...oneOf("r.kind", filter.kind, parameter)],
  toObject: ({ deviceId: id, ...row }) => ({ deviceId: id, ...toStoredEvent(row as never) }),
};

/** Intervals by device in their order, the one that still lasts at its end (primary key of connection_interval). */
export const INTERVALS: Dataset = {
  name: "intervals",
  columns: [
    deviceId,
    text("state", "state"),
    time("began", "began"),
    time("ended", "ended"),
    seconds,
    text("cause", "cause"),
    integer("configVersion", "config_version"),
  ],
  source: `(SELECT device_id, epoch, seq, state, began, ended, cause, config_version FROM connection_interval
            UNION ALL
            SELECT device_id, state_epoch, 9223372036854775807, module_state, module_since, NULL, NULL, config_version
              FROM device_state WHERE module_since IS NOT NULL AND online) r`,
  key: [
    ["r.device_id", "uuid"],
    ["r.epoch", "bigint"],
    ["r.seq", "bigint"],
  ],
  isOfDevices: true,
  conditions: (filter, parameter) => [
    ...overlapping(filter, parameter),
    ...oneOf("r.state", filter.state, parameter),
    ...oneOf("r.cause", filter.cause, parameter),
  ],
};

/** Connections of agents by device, in their order (index link_session_device_id_id_idx). */
export const LINK_SESSIONS: Dataset = {
  name: "link-sessions",
  columns: [
    deviceId,
    time("began", "began"),
    time("ended", "ended"),
    text("node", "node"),
    integer("closeCode", "close_code"),
  ],
  source: "link_session r",
  key: [
    ["r.device_id", "uuid"],
    ["r.id", "bigint"],
  ],
  isOfDevices: true,
  conditions: overlapping,
};
