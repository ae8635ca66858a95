import { type Parameter, PARAMETERS as P } from "./parameters";

/** A command of the module: what it is for, in which forms it exists, and where that is written. */
export interface CommandEntry {
  /** As it stands behind `AT+`. */
  name: string;
  /** Of the MN316 MQTT manual, or `27.007 §…` of the 3GPP's. */
  section: string;
  about: string;
  /** Arguments of the set form; absent where there is none. */
  set?: readonly Parameter[];
  hasRead?: boolean;
  hasExecute?: boolean;
  /** The URCs that tell its outcome. */
  urcs?: readonly string[];
}

/** The commands of the manual's chapter 2, in its order. */
export const MQTT_COMMANDS = [
  {
    name: "MQTTCFG",
    section: "§2.1",
    about: "configures the connection; resets MQTTTO and MQTTPING",
    set: [P.host, P.port, P.id, P.keepAlive, P.user, P.passwd, P.clean, P.encrypt],
    hasRead: true,
  },
  {
    name: "MQTTOPEN",
    section: "§2.2",
    about: "connects to the broker",
    set: [P.usrFlag, P.pwdFlag, P.willFlag, P.willRetain, P.willQos, P.willTopic, P.willMessage],
    urcs: ["MQTTOPEN", "MQTTTO", "MQTTREC", "MQTTDISC"],
  },
  { name: "MQTTSTAT", section: "§2.3", about: "asks for the connection state", hasRead: true },
  {
    name: "MQTTSUB",
    section: "§2.4",
    about: "subscribes to a topic; read: the subscriptions",
    set: [P.topic, P.qos, P.index],
    hasRead: true,
    urcs: ["MQTTSUBACK", "MQTTTO"],
  },
  {
    name: "MQTTPUB",
    section: "§2.5",
    about: "publishes a message, as text (msg_len 0) or in hexadecimal (msg_len bytes)",
    set: [P.topic, P.qos, P.retain, P.dup, P.msgLen, P.message],
    urcs: ["MQTTPUBACK", "MQTTPUBREC", "MQTTPUBREL", "MQTTPUBCOMP", "MQTTTO"],
  },
  {
    name: "MQTTUNSUB",
    section: "§2.6",
    about: "ends the subscription to one topic",
    set: [P.topic],
    urcs: ["MQTTUNSUBACK", "MQTTTO"],
  },
  { name: "MQTTDISC", section: "§2.7", about: "disconnects from the broker", hasExecute: true, urcs: ["MQTTDISC"] },
  { name: "MQTTDEL", section: "§2.8", about: "deletes the client and its configuration", hasExecute: true },
  {
    name: "MQTTTO",
    section: "§2.9",
    about: "sets the ACK timeout in seconds, below keepAlive",
    set: [P.timeout],
    urcs: ["MQTTTO"],
  },
  {
    name: "MQTTPING",
    section: "§2.10",
    about: "shows the answers to heart-beats, or hides them",
    set: [P.rspEcho],
    urcs: ["MQTTPINGRESP"],
  },
] as const satisfies readonly CommandEntry[];

/** What every module of this kind understands beside MQTT; one that answers ERROR is still managed. */
export const BASIC_COMMANDS = [
  { name: "CMEE", section: "27.007 §9.1", about: "error codes: 0 none, 1 numbers, 2 words" },
  { name: "CGMI", section: "27.007 §5.1", about: "manufacturer", hasExecute: true },
  { name: "CGMM", section: "27.007 §5.2", about: "model", hasExecute: true },
  { name: "CGMR", section: "27.007 §5.3", about: "firmware", hasExecute: true },
  { name: "CGSN", section: "27.007 §5.4", about: "IMEI (=1)" },
  { name: "CSQ", section: "27.007 §8.5", about: "signal: 0…31, dBm = 2·n − 113; 99 unknown", hasExecute: true },
  { name: "CEREG", section: "27.007 §10.1.22", about: "registration and serving cell", hasRead: true },
  { name: "CFUN", section: "27.007 §8.2", about: "=1,1 restarts the module" },
] as const satisfies readonly CommandEntry[];

export type MqttCommandName = (typeof MQTT_COMMANDS)[number]["name"];

/** The entry of a command of chapter 2. */
export function mqttCommand(name: MqttCommandName): CommandEntry {
  const entry = MQTT_COMMANDS.find((candidate) => candidate.name === name);
  if (!entry) throw new Error(`the manual has no command ${name}`);
  return entry;
}
