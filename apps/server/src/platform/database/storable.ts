/** What PostgreSQL's jsonb refuses in a text: NUL, and halves of a surrogate pair. */
// eslint-disable-next-line no-control-regex -- NUL is the very thing that is replaced
const UNSTORABLE = /\u0000|\p{Surrogate}/gu;

/** The same JSON value with U+FFFD for what jsonb cannot hold: one such byte from a module must not stop a batch. */
export function storable<T>(value: T): T {
  if (typeof value === "string") return value.replace(UNSTORABLE, "\ufffd") as T;
  if (Array.isArray(value)) return value.map(storable) as T;
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [storable(key), storable(entry)])) as T;
  return value;
}
