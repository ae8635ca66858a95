import type { ResponseUnit } from "./units";
import { unquoted } from "./unquoted";

type Config = Extract<ResponseUnit, { name: "MQTTCFG" }>;

/** `clean[,encrypt]`, and before it the password, which the module masks; some print it as it is. */
const TAIL = /,([01])(?:,([01]))?$/;
const MASK = /,("\*+"|\*+)$/;
/** A string in quotes, or a bare one without commas. */
const PLAIN = /^("[^"]*"|[^,]*),(\d+),("[^"]*"|[^,]*),(\d+),("[^"]*"|[^,]*),("[^"]*"|[^,]*)$/;

/**
 * `host,port,id,keepAlive,user,password,clean[,encrypt]` (§2.1). The strings come bare in the manual's example and may hold
 * commas: the numbers and the password's mask are what holds the line together. Every character is read once, for a
 * hostile line can be all commas and digits.
 */
export function decodeConfig(fields: string): Config | undefined {
  const text = fields.trimEnd();
  const tail = TAIL.exec(text.slice(-4));
  if (!tail) return undefined;
  const [ending, clean, encrypt = "0"] = tail;
  const [host, port, id, keepAlive, user] = stringsOf(text.slice(0, -ending.length)) ?? [];
  if (host === undefined || id === undefined || user === undefined) return undefined;
  return {
    unit: "response",
    name: "MQTTCFG",
    host: unquoted(host),
    port: Number(port),
    id: unquoted(id),
    keepAlive: Number(keepAlive),
    user: unquoted(user),
    clean: Number(clean),
    encrypt: Number(encrypt),
  };
}

/** `host,port,id,keepAlive,user,password` as its fields. */
function stringsOf(text: string): string[] | undefined {
  const comma = text.lastIndexOf(",");
  if (!MASK.test(text.slice(comma))) return PLAIN.exec(text)?.slice(1);
  const [host, port, rest] = stringAndNumber(text.slice(0, comma)) ?? [];
  const [id, keepAlive, user] = rest === undefined ? [] : (stringAndNumber(rest) ?? []);
  return host === undefined || port === undefined || id === undefined || keepAlive === undefined || user === undefined
    ? undefined
    : [host, port, id, keepAlive, user];
}

/** `string,number,rest`: a bare string ends at the first number that stands alone behind it. */
function stringAndNumber(text: string): [string, string, string] | undefined {
  const quoted = text.startsWith('"') ? text.indexOf('"', 1) + 1 : 0;
  for (let begin = text.indexOf(",", quoted); begin >= 0;) {
    const end = text.indexOf(",", begin + 1);
    if (end < 0) return undefined;
    const number = text.slice(begin + 1, end);
    if (/^\d+$/.test(number)) return [text.slice(0, begin), number, text.slice(end + 1)];
    begin = end;
  }
  return undefined;
}
