import { finalResult } from "@mn316-fleet/at";
import { decodeConfig } from "./decode-config";
import { unquoted } from "./unquoted";
import type { ResponseUnit, Unit, UrcUnit } from "./units";

type Grammar = (fields: string) => UrcUnit | ResponseUnit | undefined;

const SPACE = 32;

const number = (text: string | undefined) => Number(text);
const WORD = /^[A-Z]+$/;
/** A bare `AT`, an extended command, or a basic one such as `ATE0`. */
const ECHO = /^AT($|[+&^*$]|[A-Z]\d?$)/i;

/** Reads what follows `+NAME:`; undefined where it does not fit the manual's grammar. */
const GRAMMARS: Record<string, Grammar> = {
  MQTTOPEN: result("MQTTOPEN"),
  MQTTDISC: result("MQTTDISC"),
  MQTTPINGRESP: result("MQTTPINGRESP"),
  MQTTPINGRSP: result("MQTTPINGRESP"), // §2.11 spells it without the E
  MQTTPUBACK: acknowledgement("MQTTPUBACK"),
  MQTTPUBREC: acknowledgement("MQTTPUBREC"),
  MQTTPUBREL: acknowledgement("MQTTPUBREL"),
  MQTTPUBCOMP: acknowledgement("MQTTPUBCOMP"),
  MQTTTO: single((type) => ({ unit: "urc", name: "MQTTTO", type })),
  MQTTREC: single((attempt) => ({ unit: "urc", name: "MQTTREC", attempt })),
  MQTTSTAT: single((stat) => ({ unit: "response", name: "MQTTSTAT", stat })),
  MQTTSUBACK: (fields) => {
    const [, packId, code, topic] = /^(\d+),(0x[\da-f]+|\d+),(.*)$/i.exec(fields) ?? [];
    if (topic === undefined) return undefined;
    return {
      unit: "urc",
      name: "MQTTSUBACK",
      packId: number(packId),
      code: subscribeCode(code ?? ""),
      topic: unquoted(topic),
    };
  },
  MQTTUNSUBACK: (fields) => {
    const [, packId, topic] = /^(\d+),(.*)$/.exec(fields) ?? [];
    return topic === undefined
      ? undefined
      : { unit: "urc", name: "MQTTUNSUBACK", packId: number(packId), topic: unquoted(topic) };
  },
  MQTTSUB: (fields) => {
    const [, topic, qos] = /^(.*),([0-2]) *$/.exec(fields) ?? [];
    return topic === undefined
      ? undefined
      : { unit: "response", name: "MQTTSUB", topic: unquoted(topic), qos: number(qos) };
  },
  MQTTCFG: decodeConfig,
  CSQ: (fields) => {
    const comma = fields.indexOf(",");
    const [rssi, ber] = [wholeNumber(fields, 0, comma), wholeNumber(fields, comma + 1, fields.length)];
    return rssi < 0 || ber < 0 ? undefined : { unit: "response", name: "CSQ", rssi, ber };
  },
};

const GRAMMAR_BY_NAME = new Map(Object.entries(GRAMMARS));

/**
 * The meaning of one line. Tried in this order: a line of the manual's grammar, final result code, echo, unknown; no line
 * could be two of them. Both spellings of everything the manual spells twice are accepted, and a space after the colon.
 */
export function decodeLine(line: string): Unit {
  if (line.startsWith("+")) {
    const colon = line.indexOf(":");
    const unit = GRAMMAR_BY_NAME.get(line.slice(1, colon))?.(
      line.slice(line.charCodeAt(colon + 1) === SPACE ? colon + 2 : colon + 1),
    );
    if (unit) return unit;
  }
  const final = finalResult(line);
  if (final) return { unit: "final", ...final };
  return ECHO.test(line) ? { unit: "echo", command: line } : { unit: "unknown", line };
}

function result(name: "MQTTOPEN" | "MQTTDISC" | "MQTTPINGRESP"): Grammar {
  return (fields) => {
    const word = fields.trimEnd();
    return WORD.test(word) ? { unit: "urc", name, result: word } : undefined;
  };
}

function acknowledgement(name: "MQTTPUBACK" | "MQTTPUBREC" | "MQTTPUBREL" | "MQTTPUBCOMP"): Grammar {
  return (fields) => {
    const comma = fields.indexOf(",");
    const first = wholeNumber(fields, 0, comma);
    const second = wholeNumber(fields, comma + 1, fields.length);
    if (comma < 0 || first < 0 || second < 0) return undefined;
    // Some firmware writes dup,packId: a packet id is never 0, and a dup never above 1.
    const isSwapped = (first === 0 && second > 0) || (first === 1 && second > 1);
    return { unit: "urc", name, packId: isSwapped ? second : first, dup: isSwapped ? first : second };
  };
}

function single(unit: (value: number) => UrcUnit | ResponseUnit): Grammar {
  return (fields) => {
    const value = wholeNumber(fields, 0, fields.length);
    return value < 0 ? undefined : unit(value);
  };
}

/** The number that stands alone between two places, spaces behind it allowed; -1 where anything else does. */
function wholeNumber(text: string, from: number, to: number): number {
  let end = to;
  while (end > from && text.charCodeAt(end - 1) === SPACE) end--;
  if (end <= from || end - from > 15) return -1;
  let value = 0;
  for (let at = from; at < end; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** 0, 1, 2 or 128; refusals are written `128`, `0x80` or `80` (§2.11 lists hexadecimal). */
function subscribeCode(text: string): number {
  return text === "80" ? 128 : Number(text);
}
