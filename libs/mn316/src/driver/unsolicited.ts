import type { FinalResult } from "@mn316-fleet/at";
import { BOOT_LINE, CHIP_LINE, UNSOLICITED_CODES, urcName } from "@mn316-fleet/manual";

/** Of `AT+X…`, and of each further one in `AT+X;+Y` (27.007 §4.1). */
const COMMAND_NAMES = /(?:^AT|;)[+^*]([A-Z0-9]+)/gi;
const LINE_NAME = /^[+^*]([A-Z0-9]+):/;
/** Results that other tasks of the module print; a command is never answered by them unasked. */
const IS_RESULT = /^CM[ES] ERROR/;

/**
 * Whether a line is unsolicited although a command waits. The manual's URCs always are; any other `+NAME:` is, unless the
 * command has that name: an unknown URC must neither be taken for an answer nor be lost.
 */
export function isUnsolicited(line: string, command: string): boolean {
  if (CHIP_LINE.test(line)) return true;
  const name = LINE_NAME.exec(line)?.[1];
  if (name === undefined || IS_RESULT.test(line.slice(1))) return false;
  if (urcName(name) !== undefined) return true;
  if (command === "") return false;
  for (const [, asked] of command.matchAll(COMMAND_NAMES)) if (asked?.toUpperCase() === name) return false;
  return true;
}

/** Commands whose OK has a line before it, always; `MQTTSUB?` may have none. */
const ALWAYS_TELLS = /^AT\+(MQTT(CFG|STAT)\?|CSQ|CEREG\?|CG(MI|MM|MR|SN(=1)?))$/i;

/**
 * Whether a final result may be none of the pending command's: a code that the MQTT task also prints by itself (609, 615,
 * 619), or an OK without the line that the command asks for, which is left of an earlier command.
 */
export function isSuspect(final: FinalResult, command: string, lines: readonly string[]): boolean {
  if (final.code === "OK") return lines.length === 0 && ALWAYS_TELLS.test(command);
  return final.code === "CME ERROR" && typeof final.err === "number" && UNSOLICITED_CODES.has(final.err);
}

/** Whether a line says that the module has just started. */
export function isBootLine(line: string): boolean {
  return BOOT_LINE.test(line);
}

const FOREIGN: readonly [RegExp, string][] = [
  [/^\+MQTTURC:/, "ML307-style MQTT (+MQTTURC, AT+MQTTCONN)"],
  [/^\+MQTTCONN:/, "ML307-style MQTT (+MQTTURC, AT+MQTTCONN)"],
  [
    /^\+MQTTCFG: ?"(version|pingreq|pingresp|cached|ssl|encoding|reconn|clean|timeout)"/,
    'AT+MQTTCFG="<name>",… of newer firmware',
  ],
  [/^\+QMT\w+:/, "Quectel MQTT (AT+QMT…)"],
];

/** The name of another module family's MQTT grammar in a line; undefined for all else. */
export function foreignDialect(line: string): string | undefined {
  return FOREIGN.find(([pattern]) => pattern.test(line))?.[1];
}
