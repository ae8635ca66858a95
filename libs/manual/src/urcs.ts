/** An unsolicited result code: its fields in the manual's order. */
export interface UrcEntry {
  name: string;
  section: string;
  about: string;
  fields: readonly string[];
  /** Other spellings of the name that the manual itself or its modules use. */
  alsoSpelt?: readonly string[];
}

/** §2.11, and the one that stands only in §3.4. */
export const URCS = [
  { name: "MQTTOPEN", section: "§2.2", about: "connected (OK) or refused (FAIL)", fields: ["result"] },
  {
    name: "MQTTPUBLISH",
    section: "§2.11",
    about: "a message from the broker; its last field is msg_len bytes of anything",
    fields: ["dup", "qos", "retained", "packId", "topic", "msg_len", "message"],
  },
  { name: "MQTTSUBACK", section: "§2.4", about: "subscribed, or refused (0x80)", fields: ["packId", "code", "topic"] },
  { name: "MQTTPUBACK", section: "§2.11", about: "QoS 1 publish acknowledged", fields: ["packId", "dup"] },
  { name: "MQTTPUBREC", section: "§2.11", about: "QoS 2 publish, second step", fields: ["packId", "dup"] },
  { name: "MQTTPUBREL", section: "§2.11", about: "QoS 2 publish, third step", fields: ["packId", "dup"] },
  { name: "MQTTPUBCOMP", section: "§2.11", about: "QoS 2 publish acknowledged", fields: ["packId", "dup"] },
  {
    name: "MQTTPINGRESP",
    section: "§2.10",
    about: "a heart-beat was answered",
    fields: ["result"],
    alsoSpelt: ["MQTTPINGRSP"],
  },
  { name: "MQTTUNSUBACK", section: "§2.6", about: "unsubscribed", fields: ["packId", "topic"] },
  { name: "MQTTTO", section: "§2.11", about: "an acknowledgement is late", fields: ["type"] },
  { name: "MQTTREC", section: "§3.4", about: "an attempt to reconnect, counted from 0", fields: ["attempt"] },
  { name: "MQTTDISC", section: "§2.7", about: "disconnected: asked for, or the module gave up", fields: ["result"] },
] as const satisfies readonly UrcEntry[];

export type UrcName = (typeof URCS)[number]["name"];

const SPELLINGS = new Map<string, UrcName>(
  (URCS as readonly UrcEntry[]).flatMap(({ name, alsoSpelt = [] }) =>
    [name, ...alsoSpelt].map((spelling): [string, UrcName] => [spelling, name as UrcName]),
  ),
);

/** The manual's first name of a URC in any of its spellings; undefined for what is none. */
export function urcName(spelling: string): UrcName | undefined {
  return SPELLINGS.get(spelling);
}

/** SUBACK's `<code>` for a refused subscription (§2.11); 0…2 are the granted QoS. */
export const SUBSCRIBE_REFUSED = 0x80;

/** Lines by which modules of this family tell that they have just started. */
export const BOOT_LINE = /^(\+POWERON:|REBOOTING|\*ATREADY:)/;

/** Lines of the chip without a `+NAME:`, or of its own affairs: never part of an answer. */
export const CHIP_LINE = /^(REBOOTING|\^SIMST:|\*ATREADY:|\+POWERON:|\+POWERDOWN:|\+NPSMR:|\+DBGINFO:)/;
