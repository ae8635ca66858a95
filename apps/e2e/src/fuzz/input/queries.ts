import fc from "fast-check";
import { escaped, HOSTILE_TEXTS, hostileText } from "./hostile-values";
import { type JsonSchema, valuesOf } from "./json-schema";

/** What no escaping would make: broken escapes, bytes that are no text, and bare marks. */
const RAW = ["%", "%zz", "%ff", "%c0%80", "%ed%a0%80", "%00", "%2500", "&", "&&=", "=", ";", "?", "%23"];
const NAMES = ["__proto__", "constructor", "toString", "__proto__[x]", "a[b][c]", "limit[]", "limit.x", "", "q"];

/** Positions of pages: what is none, and what nearly is one. */
const cursors = fc.oneof(
  fc
    .oneof(fc.jsonValue({ maxDepth: 2 }), fc.tuple(fc.double(), fc.uuid()), fc.tuple(fc.integer(), hostileText))
    .map((position) => Buffer.from(JSON.stringify(position)).toString("base64url")),
  fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes).toString("base64")),
  hostileText,
);

const hostile = fc.oneof(
  { weight: 3, arbitrary: hostileText.map((text) => escaped(text).slice(0, 4_000)) },
  { weight: 1, arbitrary: fc.constantFrom(...RAW) },
);

/** Query strings for an operation's parameters, most of them with something wrong. */
export function queriesOf(
  parameters: readonly { name: string; in: string; schema: JsonSchema }[],
): fc.Arbitrary<string> {
  const own = parameters.filter((parameter) => parameter.in === "query");
  const right = own.map(({ name, schema }) =>
    (name === "cursor" ? cursors : valuesOf(schema)).map((value) => `${name}=${escaped(textOf(value))}`),
  );
  const wrong = [
    ...own.map(({ name }) => hostile.map((value) => `${escaped(name)}=${value}`)),
    fc
      .tuple(fc.constantFrom(...NAMES, ...HOSTILE_TEXTS.slice(0, 10)), hostile)
      .map(([name, value]) => `${escaped(name)}=${value}`),
  ];
  return fc
    .array(fc.oneof(...right, ...wrong), { maxLength: 4 })
    .map((pairs) => (pairs.length > 0 ? `?${pairs.join("&")}`.slice(0, 12_000) : ""));
}

const textOf = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
