/** Why a module left its state: the product's answer to "why was this device away". */
export const CAUSES = [
  "requested",
  "connect-refused",
  "connect-timeout",
  "heartbeat-lost",
  "publish-timeout",
  "subscribe-timeout",
  "unsubscribe-timeout",
  "gave-up",
  "module-restart",
  "serial-lost",
  "agent-stopped",
  "unknown",
] as const;

export type Cause = (typeof CAUSES)[number];
