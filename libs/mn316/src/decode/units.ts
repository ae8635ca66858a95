/** A message from the broker; `hex` instead of `text` when the payload is no UTF-8. */
export interface PublishUnit {
  unit: "urc";
  name: "MQTTPUBLISH";
  dup: number;
  qos: number;
  retained: number;
  packId: number;
  topic: string;
  msgLen: number;
  text?: string;
  hex?: string;
}

export type UrcUnit =
  | PublishUnit
  | { unit: "urc"; name: "MQTTSUBACK"; packId: number; code: number; topic: string }
  | { unit: "urc"; name: "MQTTUNSUBACK"; packId: number; topic: string }
  | { unit: "urc"; name: "MQTTPUBACK" | "MQTTPUBREC" | "MQTTPUBREL" | "MQTTPUBCOMP"; packId: number; dup: number }
  | { unit: "urc"; name: "MQTTTO"; type: number }
  | { unit: "urc"; name: "MQTTREC"; attempt: number }
  | { unit: "urc"; name: "MQTTOPEN" | "MQTTDISC" | "MQTTPINGRESP"; result: string };

export type ResponseUnit =
  | { unit: "response"; name: "MQTTSTAT"; stat: number }
  | {
      unit: "response";
      name: "MQTTCFG";
      host: string;
      port: number;
      id: string;
      keepAlive: number;
      user: string;
      clean: number;
      encrypt: number;
    }
  | { unit: "response"; name: "MQTTSUB"; topic: string; qos: number }
  | { unit: "response"; name: "CSQ"; rssi: number; ber: number };

/** What the bytes of a serial line mean: one unit a line of the module, one a message. */
export type Unit =
  | UrcUnit
  | ResponseUnit
  | { unit: "final"; code: "OK" | "ERROR" }
  | { unit: "final"; code: "CME ERROR"; err: number | string }
  | { unit: "echo"; command: string }
  /** A message that came shorter than announced, with what came. */
  | { unit: "truncated"; name: "MQTTPUBLISH"; topic: string; msgLen: number; text?: string; hex?: string }
  | { unit: "unknown"; line: string };
