/** What timed out, by `<type>` of `+MQTTTO:<type>` (§2.11). */
export const TIMEOUT_TYPES = {
  1: "connect",
  2: "publish",
  3: "subscribe",
  4: "unsubscribe",
  5: "ping",
  6: "unknown",
} as const;

/** `<type>` of `+MQTTTO:<type>` (§2.11). */
export type TimeoutType = keyof typeof TIMEOUT_TYPES;

/** The name of a timeout type, as the analytics use it. */
export type TimeoutName = (typeof TIMEOUT_TYPES)[TimeoutType];

/** All timeout names, in the manual's order. */
export const TIMEOUT_NAMES = Object.values(TIMEOUT_TYPES) as readonly TimeoutName[];

/** Type guard for `<type>` of `+MQTTTO` (§2.11): a whole number from 1 to 6. */
export function isTimeoutType(value: number): value is TimeoutType {
  return value in TIMEOUT_TYPES;
}
