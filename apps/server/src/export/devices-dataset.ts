import { MODULE_STATE } from "../devices/selection";
import { type Column, type Dataset, deviceId, integer, text, time, within } from "./dataset";
import { jsonObject } from "./formats/cell";

const columns: Column[] = [
  deviceId,
  text("name", "name"),
  text("imei", "imei"),
  // As the import of devices reads them.
  { name: "tags", type: "text", sql: "array_to_string(r.tags, ';')" },
  text("timeZone", "time_zone"),
  time("createdAt", "created_at"),
  { name: "online", type: "boolean", sql: "r.online" },
  time("linkSince", "link_since"),
  text("agentVersion", "agent_version"),
  text("moduleState", "state"),
  time("moduleSince", "state_since"),
  text("cause", "state_cause"),
  text("firmware", "firmware"),
  integer("signalDbm", "signal_dbm"),
  text("cell", "cell"),
  integer("desiredVersion", "desired_version"),
  integer("reportedVersion", "reported_version"),
  text("configStatus", "config_status"),
];

/** The register with the last that is known of each device (primary key of device_state, which has a row for each). */
export const DEVICES: Dataset = {
  name: "devices",
  columns,
  source: `(SELECT s.device_id, d.name, d.imei, d.tags, d.time_zone, d.created_at, s.online, s.link_since, s.agent_version,
                   ${MODULE_STATE} AS state, CASE WHEN s.online THEN s.module_since END AS state_since,
                   CASE WHEN s.online THEN s.cause END AS state_cause, s.module ->> 'firmware' AS firmware,
                   CASE WHEN s.online THEN s.signal_dbm END AS signal_dbm, s.cell,
                   coalesce(c.version, 0) AS desired_version, coalesce(c.reported_version, 0) AS reported_version,
                   coalesce(c.shown_status, 'none') AS config_status
              FROM device_state s JOIN device d ON d.id = s.device_id
              LEFT JOIN device_config c ON c.device_id = s.device_id) r`,
  key: [["r.device_id", "uuid"]],
  isOfDevices: true,
  conditions: (filter, parameter) => within("r.created_at", filter, parameter),
  toObject: (row) => ({ ...jsonObject(columns, row), tags: row.tags === "" ? [] : String(row.tags).split(";") }),
};
