import { LIMITS } from "./limits";

/** One argument of a command, as the manual describes it. */
export type Parameter =
  | { name: string; kind: "string"; maxBytes: number; mayBeEmpty?: boolean; optional?: boolean }
  | { name: string; kind: "number"; min: number; max: number; optional?: boolean };

const string = (name: string, maxBytes: number, mayBeEmpty = false): Parameter => ({
  name,
  kind: "string",
  maxBytes,
  ...(mayBeEmpty && { mayBeEmpty }),
});
const number = (name: string, min: number, max: number, optional = false): Parameter => ({
  name,
  kind: "number",
  min,
  max,
  ...(optional && { optional }),
});

/** The parameters of the manual's chapter 2, by the name it gives them; lengths are those of `LIMITS`. */
export const PARAMETERS = {
  host: string("host", LIMITS.hostBytes),
  port: number("port", LIMITS.port.min, LIMITS.port.max),
  id: string("id", LIMITS.clientIdBytes),
  keepAlive: number("keepAlive", LIMITS.keepAliveS.min, LIMITS.keepAliveS.max),
  user: string("user", LIMITS.usernameBytes, true),
  passwd: string("passwd", LIMITS.passwordBytes, true),
  clean: number("clean", 0, 1),
  /** §2.1: 1 is "not yet supported". */
  encrypt: number("encrypt", 0, 0, true),
  usrFlag: number("usrFlag", 0, 1),
  pwdFlag: number("pwdFlag", 0, 1),
  willFlag: number("willFlag", 0, 1),
  willRetain: number("willRetain", 0, 1),
  willQos: number("willQos", 0, 2),
  willTopic: string("will-topic", LIMITS.topicBytes, true),
  willMessage: string("will-mesg", LIMITS.willMessageBytes, true),
  topic: string("topic", LIMITS.topicBytes),
  qos: number("qos", 0, 2),
  /** §2.4: only 0 is supported. */
  index: number("index", 0, 0, true),
  retain: number("retain", 0, 1),
  dup: number("dup", 0, 1),
  msgLen: number("msg_len", 0, LIMITS.publishBytes),
  message: string("message", 2 * LIMITS.publishBytes, true),
  timeout: number("timeout", LIMITS.ackTimeoutS.min, LIMITS.ackTimeoutS.max),
  rspEcho: number("rspEcho", 0, 1),
} as const satisfies Record<string, Parameter>;
