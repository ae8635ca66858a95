import type { CAUSES } from "@mn316-fleet/protocol";

type Cause = (typeof CAUSES)[number];

const COLORS: Record<Cause, string> = {
  requested: "gray",
  "connect-refused": "red",
  "connect-timeout": "grape",
  "heartbeat-lost": "orange",
  "publish-timeout": "blue",
  "subscribe-timeout": "lime",
  "unsubscribe-timeout": "pink",
  "gave-up": "yellow",
  "module-restart": "violet",
  "serial-lost": "indigo",
  "agent-stopped": "teal",
  unknown: "cyan",
};

/** The colour of a cause, the same in every chart. */
export const causeColor = (cause: Cause): string => COLORS[cause];
