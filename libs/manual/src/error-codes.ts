/** `<err>` of `+CME ERROR`: 3GPP TS 27.007 §9.2, the MQTT client's (600…621) and the chip's (8000…8013). */
export const ERROR_MEANINGS: Readonly<Record<number, string>> = {
  0: "phone failure",
  1: "no connection to phone",
  2: "phone adaptor link reserved",
  3: "operation not allowed",
  4: "operation not supported",
  5: "PH-SIM PIN required",
  6: "PH-FSIM PIN required",
  7: "PH-FSIM PUK required",
  10: "SIM not inserted",
  11: "SIM PIN required",
  12: "SIM PUK required",
  13: "SIM failure",
  14: "SIM busy",
  15: "SIM wrong",
  16: "incorrect password",
  17: "SIM PIN2 required",
  18: "SIM PUK2 required",
  20: "memory full",
  21: "invalid index",
  22: "not found",
  23: "memory failure",
  24: "text string too long",
  25: "invalid characters in text string",
  26: "dial string too long",
  27: "invalid characters in dial string",
  30: "no network service",
  31: "network timeout",
  32: "network not allowed, emergency calls only",
  40: "network personalization PIN required",
  41: "network personalization PUK required",
  42: "network subset personalization PIN required",
  43: "network subset personalization PUK required",
  44: "service provider personalization PIN required",
  45: "service provider personalization PUK required",
  46: "corporate personalization PIN required",
  47: "corporate personalization PUK required",
  48: "hidden key required",
  49: "EAP method not supported",
  50: "incorrect parameters",
  51: "command implemented but currently disabled",
  52: "command aborted by user",
  53: "not attached to network due to restrictions",
  54: "modem not allowed, emergency calls only",
  55: "operation not allowed because of restrictions",
  56: "fixed dial number only",
  57: "temporarily out of service",
  100: "unknown error",
  103: "illegal MS",
  106: "illegal ME",
  107: "GPRS services not allowed",
  111: "PLMN not allowed",
  112: "location area not allowed",
  113: "roaming not allowed in this location area",
  132: "service option not supported",
  133: "requested service option not subscribed",
  134: "service option temporarily out of order",
  148: "unspecified GPRS error",
  149: "PDP authentication failure",
  150: "invalid mobile class",
  601: "MQTT: wrong parameter",
  606: "MQTT: already subscribed",
  609: "MQTT: malformed packet",
  614: "MQTT: user or password refused",
  615: "MQTT: reconnecting failed",
  616: "MQTT: acknowledgement timeout",
  619: "MQTT: malformed packet",
  621: "MQTT: unsubscribe failed",
  8001: "command too long",
  8002: "not allowed in this state",
  8003: "dirty or truncated input",
  8007: "previous command unfinished",
};

/** Codes that the driver acts upon. */
export const ERROR_CODES = { alreadySubscribed: 606, dirtyInput: 8003, busy: 8007 } as const;

/** Codes that the MQTT task prints by itself, whichever command is waiting. */
export const UNSOLICITED_CODES: ReadonlySet<number> = new Set([609, 615, 619]);

/**
 * The meaning of a `+CME ERROR`.
 * @param err the number, or the words of `AT+CMEE=2`, which are their own meaning
 * @returns undefined for a number that nobody has explained; those of the MQTT client and the chip at least tell whose
 */
export function errorMeaning(err: number | string): string | undefined {
  if (typeof err === "string") return err;
  const known = ERROR_MEANINGS[err];
  if (known !== undefined) return known;
  if (err >= 600 && err <= 621) return "an error of the module's MQTT client";
  if (err >= 8000 && err <= 8013) return "an error of the module's chip";
  return undefined;
}

/** The number that stands for the words of `AT+CMEE=2`, in any case; undefined where they are nobody's. */
export function errorCode(words: string): number | undefined {
  const wanted = words.trim().toLowerCase();
  const entry = Object.entries(ERROR_MEANINGS).find(([, meaning]) => meaning.toLowerCase() === wanted);
  return entry && Number(entry[0]);
}
