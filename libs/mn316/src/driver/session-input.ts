import type { FinalResult } from "@mn316-fleet/at";
import type { UrcUnit } from "../decode/units";
import type { SessionInput } from "./session-machine";

/** What a URC means for the session. */
export function inputOfUrc(unit: UrcUnit): SessionInput {
  switch (unit.name) {
    case "MQTTOPEN":
      return { kind: "opened", isSuccess: unit.result === "OK" };
    case "MQTTDISC":
      return { kind: "closed" };
    case "MQTTTO":
      return { kind: "timeout", type: unit.type };
    case "MQTTREC":
      return { kind: "reconnect" };
    default:
      return { kind: "answered" }; // everything else takes a broker that hears us
  }
}

/** What a command means for the session before it is sent; undefined for most. */
export function inputBefore(command: string): SessionInput | undefined {
  if (/^AT\+MQTTOPEN=/i.test(command)) return { kind: "opening" };
  if (/^AT\+MQTTDISC$/i.test(command)) return { kind: "closing" };
  return undefined;
}

/** What a command's final result means for the session; undefined for most. */
export function inputAfter(command: string, { code }: FinalResult): SessionInput | undefined {
  const isOk = code === "OK";
  if (/^AT\+MQTTOPEN=/i.test(command)) return { kind: isOk ? "open-accepted" : "open-refused" };
  if (/^AT\+MQTTDISC$/i.test(command)) return isOk ? undefined : { kind: "close-refused" };
  if (isOk && /^AT\+MQTTCFG=/i.test(command)) return { kind: "configured" };
  if (isOk && /^AT\+MQTTDEL$/i.test(command)) return { kind: "deleted" };
  return undefined;
}
