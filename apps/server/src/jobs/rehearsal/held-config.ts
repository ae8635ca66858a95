import { type DeviceConfig, deviceConfigSchema, type ReportedConfig } from "@mn316-fleet/protocol";

/** What no report tells. */
const UNTOLD = {
  recovery: { reopenAfterS: 60, backoff: 2, maxReopens: 5, thenRestart: true },
  telemetry: { signalEveryS: 300 },
  at: { allow: [], deny: [] },
};
/** The manual's own, where a report leaves them out (§2.1, §2.9, §2.10). */
const DEFAULTS = { keepAliveS: 60, cleanSession: true, ackTimeoutS: 20, pingEcho: false };

/** A report as the configuration of a module; undefined where it tells none. Its password is hidden, and no broker asks here. */
export function heldConfig(reported: ReportedConfig | null): DeviceConfig | undefined {
  const mqtt = Object.fromEntries(Object.entries(reported?.mqtt ?? {}).filter(([, value]) => value !== null));
  const whole = { ...UNTOLD, mqtt: { ...DEFAULTS, ...mqtt }, subscriptions: reported?.subscriptions ?? [] };
  const parsed = deviceConfigSchema.safeParse(whole);
  return parsed.success ? parsed.data : undefined;
}
