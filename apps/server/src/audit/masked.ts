const MASK = "***";
/** Texts that are stored whole; a longer one is cut, with what is needed to compare it. */
const MAX_TEXT_BYTES = 32 * 1024;
const SHOWN_CHARACTERS = 1_024;
/** JSON deeper than this is nothing of ours. */
const MAX_DEPTH = 32;

/** The last word of a field's name that holds a secret: `mqttPassword`, `api_key`, `token`, but not `keyId`. */
const SECRET_WORDS =
  /^(password|passwd|passphrase|pass|pwd|secrets?|tokens?|keys?|credentials?|authorization|cookies?|pin|puk)$/i;
/** Credentials of the fleet, wherever they stand. */
const FLEET_CREDENTIAL = /\bmf[a-z]_[\w-]{8,}/g;
/** `https://user:password@host`; the scheme is bounded, or a long word of dots would be looked at from each of them to its end. */
const IN_ADDRESS = /(\b[a-z][a-z\d+.-]{0,31}:\/\/)[^\s/@]+@/gi;
/** AT commands whose arguments hold a password or a PIN. */
const AT_COMMAND = /\b(AT\+(?:MQTTCFG|CGAUTH|CPIN|CPWD|CLCK)=).*/gi;

/** The same value without secrets: by the name of the field, and by their look within any text. */
export function masked(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return maskedText(value);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return value.toISOString();
  if (depth >= MAX_DEPTH) return "…";
  if (Array.isArray(value)) return value.map((item) => masked(item, depth + 1));
  const entries = Object.entries(value).map(([name, item]): [string, unknown] => [
    name,
    isSecret(name) && item !== null && item !== undefined ? MASK : masked(item, depth + 1),
  ]);
  return Object.fromEntries(entries);
}

/** A text without the secrets that can be told by their look. */
export function maskedText(text: string): string {
  return text
    .replace(FLEET_CREDENTIAL, (found) => found.slice(0, 4) + MASK)
    .replace(IN_ADDRESS, `$1${MASK}@`)
    .replace(AT_COMMAND, `$1${MASK}`);
}

/** A value as it is stored: masked, as JSON, of bounded size. @returns null for nothing */
export function recorded(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  const text = JSON.stringify(masked(value));
  const sizeBytes = Buffer.byteLength(text);
  if (sizeBytes <= MAX_TEXT_BYTES) return text;
  return JSON.stringify({ cut: true, sizeBytes, beginning: text.slice(0, SHOWN_CHARACTERS) });
}

function isSecret(name: string): boolean {
  const words = name.replaceAll(/([a-z\d])([A-Z])/g, "$1 $2").split(/[^A-Za-z\d]+/);
  return SECRET_WORDS.test(words.at(-1) ?? "");
}
