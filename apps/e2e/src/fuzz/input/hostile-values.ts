import fc from "fast-check";

/** Deeper than a careless recursion bears, and short enough for one frame. */
const DEEP = 20_000;
const nested = (depth: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = [value];
  return value;
};

/** Texts that mean something to a parser, a database, a shell, a browser or a modem. */
export const HOSTILE_TEXTS = [
  "",
  " ",
  "\0",
  "a\0b",
  "\r\nAT+CFUN=0\r\n",
  '"',
  "\\",
  "'; DROP TABLE device; --",
  "%' OR 1=1 --",
  "$1",
  "{device}",
  "{{tag}}",
  "{__proto__}",
  "${jndi:ldap://x}",
  "<script>alert(1)</script>",
  "=cmd|' /C calc'!A0",
  "../../../etc/passwd",
  "%2e%2e%2f",
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "\ud800",
  "\udc00x",
  "\u202e",
  "\ufeff",
  "😀".repeat(64),
  "x".repeat(70_000),
  "NaN",
  "Infinity",
  "1e999",
  "-1",
  "0x10",
  "9223372036854775808",
  "99999999-9999-9999-9999-999999999999",
  "0000-00-00T00:00:00Z",
  "275760-09-13T00:00:00.001Z",
  "9999-12-31T23:59:59.999Z",
  "2024-02-30T00:00:00Z",
  "/(a+)+$/",
  "/(/",
  "/a{1000}{1000}/",
  "*".repeat(15),
  "http://169.254.169.254/",
  "http://[::1]:1/",
  "http://0x7f.1/",
  "Etc/../../passwd",
];

/** Numbers at the ends of what something holds them in. */
export const HOSTILE_NUMBERS = [
  ...[0, -0, -1, 1.5, -1e-9, 5e-324, 65_536, 2 ** 31, -(2 ** 31) - 1, 2 ** 32, 2 ** 53, 2 ** 63, 1e21, 1e308, -1e308],
  // What JSON's `1e999` is read as, and written as below.
  Infinity,
];

export const hostileText = fc.oneof(
  fc.constantFrom(...HOSTILE_TEXTS),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ unit: "grapheme", maxLength: 40 }),
);

/** A JSON value of any kind that is likely to be none of those that are expected. */
export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: hostileText },
  { weight: 4, arbitrary: fc.constantFrom(...HOSTILE_NUMBERS) },
  // Made anew each time: a value is changed in its place.
  {
    weight: 3,
    arbitrary: fc
      .constantFrom("null", "true", "false", "[]", "{}", "[[]]", "[null]", "[{}]")
      .map((text) => JSON.parse(text) as unknown),
  },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(
        '{"__proto__":{"polluted":true}}',
        '{"constructor":{"prototype":{"polluted":true}}}',
        '{"a":{"__proto__":null}}',
        '{"hasOwnProperty":1,"toString":1,"valueOf":1,"toJSON":1}',
      )
      .map((text) => JSON.parse(text) as unknown),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(DEEP, 300).map(nested),
  },
  { weight: 1, arbitrary: fc.constantFrom(1_001, 2_000).map((length) => Array.from({ length }, () => ({ a: 0 }))) },
);

const INFINITE = "@infinite@";

/** As JSON, which has `1e999` for what no number holds. Undefined where it is nested too deeply to be written. */
export function writtenAsJson(value: unknown): string | undefined {
  try {
    const text = JSON.stringify(value, (_key, inner: unknown) => (inner === Infinity ? INFINITE : inner));
    return text.replaceAll(`"${INFINITE}"`, "1e999");
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** A text as a part of an address; half a surrogate pair, which has no bytes, becomes the mark for what is no character. */
export const escaped = (text: string) => encodeURIComponent(Buffer.from(text).toString());
