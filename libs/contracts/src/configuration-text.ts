import { LIMITS } from "@mn316-fleet/manual";
import { z } from "zod";

/** What placeholders stand for: filled in for each device. */
export interface Placeholders {
  imei: string;
  /** The device's id. */
  device: string;
  /** By its name what `{tag:name}` stands for. */
  tags: Readonly<Record<string, string>>;
}
type Placeholder = "imei" | "device" | `tag:${string}`;
/** So that a length can be judged before anything is filled in; of a tag's value only that it has one character at least. */
const PLACEHOLDER_LENGTHS = { imei: 15, device: 36, tag: 1 };
/** What looks like one; whether it is, `isPlaceholder` tells. */
const PLACEHOLDER = /\{([a-z]+|tag:[^{}]*)\}/gi;
const TAG_PLACEHOLDER = /^tag:[\w.-]+(?::[\w.-]+)*$/;

const isPlaceholder = (name: string): name is Placeholder =>
  name === "imei" || name === "device" || TAG_PLACEHOLDER.test(name);

/** The placeholders that a text uses, without their braces. */
export function placeholdersOf(text: string): Placeholder[] {
  return [...text.matchAll(PLACEHOLDER)].map(([, name]) => name ?? "").filter(isPlaceholder);
}

/** The name of the tag that a placeholder asks for; undefined for one that asks for none. */
export function tagAskedFor(placeholder: string): string | undefined {
  return placeholder.startsWith("tag:") ? placeholder.slice("tag:".length) : undefined;
}

/** Fills placeholders in; those that no value is given for stay. */
export function fillIn(text: string, values: Partial<Placeholders>): string {
  return text.replace(
    PLACEHOLDER,
    (whole, name: string) => (isPlaceholder(name) ? valueOf(name, values) : whole) ?? whole,
  );
}

function valueOf(name: Placeholder, { tags = {}, ...values }: Partial<Placeholders>): string | undefined {
  if (name === "imei" || name === "device") return values[name];
  const tag = name.slice("tag:".length);
  return Object.hasOwn(tags, tag) ? tags[tag] : undefined;
}

/** Bytes of a text on the line, its placeholders filled in; the least there can be where a tag's value is not filled in yet. */
export function filledBytes(text: string): number {
  const filled = (name: Placeholder) => PLACEHOLDER_LENGTHS[name === "imei" || name === "device" ? name : "tag"];
  return text.replace(PLACEHOLDER, (whole, name: string) => (isPlaceholder(name) ? "x".repeat(filled(name)) : whole))
    .length;
}

export interface BrokenRule {
  rule: string;
  message: string;
}
type TextRule = (text: string) => BrokenRule | undefined;

/** Arguments stand in quotes that have no escape (module.md trap 9), and the chip takes printable ASCII only. */
const fitsInQuotes: TextRule = (text) => {
  // eslint-disable-next-line no-control-regex -- control characters are the very thing that is refused
  if (/[\u0000-\u001f\u007f]/.test(text))
    return { rule: "no-control-characters", message: "must not hold CR, LF, NUL or another control character" };
  if (text.includes('"')) return { rule: "no-quotes", message: "must not hold a double quote" };
  if (/[^\u0020-\u007e]/.test(text)) return { rule: "printable-ascii", message: "must be printable ASCII" };
  return undefined;
};

const knowsPlaceholders: TextRule = (text) => {
  const unknown = [...text.matchAll(PLACEHOLDER)].find(([, name]) => !isPlaceholder(name ?? ""));
  return (
    unknown && {
      rule: "known-placeholder",
      message: `knows only {imei}, {device} and {tag:name} as placeholders, not ${unknown[0]}`,
    }
  );
};

const atMost =
  (bytes: number): TextRule =>
  (text) =>
    filledBytes(text) > bytes
      ? { rule: "max-bytes", message: `must be at most ${bytes} bytes, has ${filledBytes(text)}` }
      : undefined;

/** MQTT 3.1.1 §4.7: `+` and `#` stand for whole levels, `#` for the last. */
const isTopicFilter: TextRule = (text) => {
  const levels = text.split("/");
  const wrong = levels.some(
    (level, index) =>
      (level.includes("+") && level !== "+") || (level.includes("#") && (level !== "#" || index < levels.length - 1)),
  );
  return wrong
    ? { rule: "topic-filter", message: "may hold + only as a whole level and # only as the whole last level" }
    : undefined;
};

const hasNoWildcard: TextRule = (text) =>
  /[+#]/.test(text) ? { rule: "no-wildcard", message: "is a topic to publish to: it must not hold + or #" } : undefined;

/** A text that breaks at most one rule at a time, so that a field has one error. */
function textOf(...rules: TextRule[]) {
  return z.string().superRefine((text, context) => {
    const nonEmpty: BrokenRule | undefined =
      text === "" ? { rule: "required", message: "must not be empty" } : undefined;
    const broken = nonEmpty ?? rules.map((rule) => rule(text)).find((found) => found !== undefined);
    if (broken) context.addIssue({ code: "custom", message: broken.message, params: { rule: broken.rule } });
  });
}

/** The textual fields of a configuration, each with its rules in the order in which they are checked. */
export const text = {
  host: textOf(fitsInQuotes, isHost, atMost(LIMITS.hostBytes)),
  clientId: textOf(fitsInQuotes, knowsPlaceholders, atMost(LIMITS.clientIdBytes)),
  username: textOf(fitsInQuotes, knowsPlaceholders, atMost(LIMITS.usernameBytes)),
  password: textOf(fitsInQuotes, atMost(LIMITS.passwordBytes)),
  topicFilter: textOf(fitsInQuotes, knowsPlaceholders, isTopicFilter, atMost(LIMITS.topicBytes)),
  topic: textOf(fitsInQuotes, knowsPlaceholders, hasNoWildcard, atMost(LIMITS.topicBytes)),
  willMessage: textOf(fitsInQuotes, knowsPlaceholders, atMost(LIMITS.willMessageBytes)),
};

/** An address or a name: a scheme, a port or a blank in it is a common slip that the module would not tell. */
function isHost(text: string): BrokenRule | undefined {
  return /^[\w.:-]+$/.test(text) && !text.includes("://")
    ? undefined
    : { rule: "host", message: "must be an IP address or a domain name, without scheme or path" };
}
