import { type ModuleState, moduleState } from "@mn316-fleet/manual";
import { decodeLine } from "../decode/decode-line";
import type { ResponseUnit } from "../decode/units";
import type { Registration } from "./options";

/** The module's own read-back of its configuration (`MQTTCFG?`, §2.1); the password is masked by it and left out here. */
export interface ReadConfig {
  host: string;
  port: number;
  clientId: string;
  keepAliveS: number;
  username: string;
  cleanSession: boolean;
  encrypt: boolean;
}

type Named<Name extends ResponseUnit["name"]> = Extract<ResponseUnit, { name: Name }>;

/** The lines of an answer that are the response of this name. */
function responses<Name extends ResponseUnit["name"]>(lines: readonly string[], name: Name): Named<Name>[] {
  return lines.flatMap((line) => {
    const unit = decodeLine(line);
    return unit.unit === "response" && unit.name === name ? [unit as Named<Name>] : [];
  });
}

/** `+MQTTCFG:…`; undefined where the module is not configured, which some tell as `"(null)"`. */
export function configOf(lines: readonly string[]): ReadConfig | undefined {
  const unit = responses(lines, "MQTTCFG").find(({ host }) => host !== "" && host !== "(null)");
  if (!unit) return undefined;
  const { host, port, id, keepAlive, user, clean, encrypt } = unit;
  return {
    ...{ host, port, clientId: id, keepAliveS: keepAlive, username: user === "(null)" ? "" : user },
    ...{ cleanSession: clean === 1, encrypt: encrypt === 1 },
  };
}

/** `+MQTTSTAT:<stat>`; undefined where the answer holds none that the manual lists. */
export function stateOf(lines: readonly string[]): ModuleState | undefined {
  const unit = responses(lines, "MQTTSTAT").at(-1);
  return unit && moduleState(unit.stat);
}

/** `+MQTTSUB:<topic>,<qos>`, one a line. */
export function subscriptionsOf(lines: readonly string[]): { topic: string; qos: number }[] {
  return responses(lines, "MQTTSUB").map(({ topic, qos }) => ({ topic, qos }));
}

/** `+CSQ:<rssi>,<ber>`. */
export function signalOf(lines: readonly string[]): { rssi: number; ber: number } | undefined {
  const unit = responses(lines, "CSQ")[0];
  return unit && { rssi: unit.rssi, ber: unit.ber };
}

const REGISTRATION = /^\+CEREG: ?\d,(\d{1,2})(?:,"?([\da-f]*)"?,"?([\da-f]*)"?(?:,(\d{1,2}))?)?/i;
const REGISTERED: ReadonlySet<number> = new Set([1, 5]);

/** `+CEREG:<n>,<stat>[,<tac>,<ci>[,<AcT>…]]`. */
export function registrationOf(lines: readonly string[]): Registration | undefined {
  for (const line of lines) {
    const [, stat, trackingArea, cell, accessTechnology] = REGISTRATION.exec(line) ?? [];
    if (stat !== undefined)
      return {
        stat: Number(stat),
        isRegistered: REGISTERED.has(Number(stat)),
        ...(trackingArea && { trackingArea }),
        ...(cell && { cell }),
        ...(accessTechnology !== undefined && { accessTechnology: Number(accessTechnology) }),
      };
  }
  return undefined;
}

/** The first text of an answer, with or without `+NAME:` and quotes. */
export function textOf(lines: readonly string[]): string | undefined {
  const bare = (line: string) =>
    line
      .replace(/^\+[A-Z]+: ?/, "")
      .replaceAll('"', "")
      .trim();
  return lines.map(bare).find(Boolean);
}
