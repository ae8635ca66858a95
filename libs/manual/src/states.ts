/** `<stat>` of `+MQTTSTAT:<stat>` (§2.3), by its number. */
export const MODULE_STATES = [
  "uninitialized",
  "initialized",
  "disconnected",
  "awaiting-connack",
  "reconnecting",
  "connected",
  "tcp-connecting",
  "tcp-connected",
] as const;

/** A connection state that the module itself reports (§2.3). */
export type ModuleState = (typeof MODULE_STATES)[number];

/** What the fleet knows of a module: one of its own states, or `unknown` while nobody hears it. */
export type KnownModuleState = ModuleState | "unknown";

/** All states a device can be in, as the fleet sees it. */
export const KNOWN_MODULE_STATES = [...MODULE_STATES, "unknown"] as const;

/**
 * The state that a `<stat>` number stands for (§2.3).
 * @param stat 0…7
 * @returns undefined for a number the manual does not list
 */
export function moduleState(stat: number): ModuleState | undefined {
  return MODULE_STATES[stat];
}
