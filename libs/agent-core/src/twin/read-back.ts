import type { Mn316 } from "@mn316-fleet/mn316";
import type { DeviceConfig, FieldTrust, ReportedConfig } from "@mn316-fleet/protocol";

const MASKED = "***";

/**
 * What the module really holds, and how each field is known: `verified` was read back, `acknowledged` rests on the OK of
 * the last write because it has no read form (`MQTTTO`, `MQTTPING`, the will of `MQTTOPEN`), `masked` is hidden by the module.
 * @param written what was last written to it, where anything was
 */
export async function readBack(driver: Mn316, written: DeviceConfig | undefined): Promise<ReportedConfig> {
  const read = await driver.readConfig();
  const subscriptions = await driver.listSubscriptions();
  const state = await driver.queryState();
  const trust: Record<string, FieldTrust> = {};
  const mqtt: Record<string, unknown> = {};
  const put = (field: string, value: unknown, how: FieldTrust) => {
    if (value === undefined) return;
    mqtt[field] = value;
    trust[`mqtt.${field}`] = how;
  };
  const { password, ackTimeoutS, pingEcho, will, ...readable } = written?.mqtt ?? {};
  if (read) {
    const { encrypt: _never, ...fields } = read;
    for (const [field, value] of Object.entries(fields)) put(field, value === "" ? undefined : value, "verified");
  } else for (const [field, value] of Object.entries(readable)) put(field, value, "acknowledged");
  put("password", password === undefined ? undefined : MASKED, "masked");
  for (const [field, value] of Object.entries({ ackTimeoutS, pingEcho, will })) put(field, value, "acknowledged");
  for (const index of subscriptions.keys()) trust[`subscriptions.${index}`] = "verified";
  const { recovery, telemetry, at } = written ?? {};
  return { mqtt, subscriptions, trust, state, ...(written && { recovery, telemetry, at }) };
}
