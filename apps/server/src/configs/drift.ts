import type { DeviceConfig, ReportedConfig } from "@mn316-fleet/protocol";

/**
 * In what the module differs from the configuration that it confirmed. Only what was read back counts: the rest of a report
 * is the agent's own last write. Subscriptions live with the connection, so they are compared while there is one.
 * @returns paths
 */
export function driftOf(
  config: DeviceConfig,
  { mqtt = {}, subscriptions, trust = {}, ...rest }: ReportedConfig,
): string[] {
  const wanted: Record<string, unknown> = config.mqtt;
  const held: Record<string, unknown> = mqtt;
  const fields = Object.keys(trust)
    .filter((path) => path.startsWith("mqtt.") && trust[path] === "verified")
    .filter((path) => wanted[path.slice(5)] !== held[path.slice(5)]);
  if (rest.state !== "connected" || !subscriptions) return fields;
  const isMissing = config.subscriptions.some(({ topic }) => !subscriptions.some((held) => held.topic === topic));
  return isMissing ? [...fields, "subscriptions"] : fields;
}
