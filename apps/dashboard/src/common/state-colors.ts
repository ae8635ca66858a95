import type { Device } from "@mn316-fleet/contracts";

const COLORS: Record<Device["module"]["state"], string> = {
  connected: "teal",
  reconnecting: "orange",
  "awaiting-connack": "orange",
  "tcp-connecting": "orange",
  "tcp-connected": "orange",
  disconnected: "red",
  uninitialized: "gray",
  initialized: "gray",
  unknown: "gray",
};

/** The colour of a module's state, the same everywhere. */
export const stateColor = (state: Device["module"]["state"]): string => COLORS[state];
