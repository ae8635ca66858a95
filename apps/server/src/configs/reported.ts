import { HIDDEN_PASSWORD } from "@mn316-fleet/contracts";
import type { ReportedConfig } from "@mn316-fleet/protocol";
import { storable } from "../platform/database/storable";

/** What an agent reports, fit to be stored and shown: an agent must not send a password, and one that does is not kept. */
export function withoutSecrets(config: ReportedConfig | null): ReportedConfig | null {
  if (!config) return null;
  const { mqtt } = config;
  return storable(mqtt && "password" in mqtt ? { ...config, mqtt: { ...mqtt, password: HIDDEN_PASSWORD } } : config);
}
