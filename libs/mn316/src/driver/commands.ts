import { LIMITS } from "@mn316-fleet/manual";
import { ParameterError } from "./errors";
import { checkQos, checkRange, checkString, type MqttSettings } from "./settings";

const flag = (value: boolean) => (value ? 1 : 0);

/** Checks a command that somebody else wrote: one line, which begins no other (27.007 §4). */
export function checkCommand(command: string): void {
  if (command.trim() === "") throw new ParameterError("command", "must not be empty", "27.007 §4");
  if (!/^[\u0020-\u007e]*$/.test(command))
    throw new ParameterError("command", "must be printable ASCII without CR, LF or NUL", "27.007 §4");
  if (command.length >= LIMITS.commandLineBytes)
    throw new ParameterError("command", `must be shorter than ${LIMITS.commandLineBytes} bytes`, "27.007 §4");
}

/** `AT+MQTTCFG=` (§2.1). TLS is not offered: the manual calls it not yet supported. */
export function configureCommand({
  host,
  port,
  clientId,
  keepAliveS,
  username,
  password,
  cleanSession,
}: MqttSettings): string {
  return `AT+MQTTCFG="${host}",${port},"${clientId}",${keepAliveS},"${username ?? ""}","${password ?? ""}",${flag(cleanSession)},0`;
}

/** `AT+MQTTOPEN=` (§2.2): the flags follow from what the settings hold. */
export function openCommand({ username, password, will }: MqttSettings): string {
  const { topic, message, qos, retain } = will ?? { topic: "", message: "", qos: 0, retain: false };
  const flags = [flag(!!username), flag(!!password), flag(!!will), flag(retain), qos];
  return `AT+MQTTOPEN=${flags.join(",")},"${topic}","${message}"`;
}

/** `AT+MQTTSUB=` (§2.4); the index can only be 0 and is left out. */
export function subscribeCommand(topic: string, qos: number): string {
  checkString("topic", topic, LIMITS.topicBytes, "§2.4");
  checkQos("qos", qos, "§2.4");
  return `AT+MQTTSUB="${topic}",${qos}`;
}

/** `AT+MQTTTO=` (§2.9): seconds. */
export function ackTimeoutCommand(ackTimeoutS: number): string {
  checkRange("ackTimeoutS", ackTimeoutS, LIMITS.ackTimeoutS, "§2.9");
  return `AT+MQTTTO=${ackTimeoutS}`;
}

/** `AT+MQTTPING=` (§2.10). */
export function pingEchoCommand(isShown: boolean): string {
  return `AT+MQTTPING=${flag(isShown)}`;
}

/** `AT+MQTTUNSUB=` (§2.6), one topic at a time. */
export function unsubscribeCommand(topic: string): string {
  checkString("topic", topic, LIMITS.topicBytes, "§2.6");
  return `AT+MQTTUNSUB="${topic}"`;
}

/**
 * `AT+MQTTPUB=` (§2.5). What is printable ASCII without a quote goes as text, everything else as hexadecimal with its
 * length in bytes.
 */
export function publishCommand(
  topic: string,
  payload: string | Uint8Array,
  { qos, retain, dup }: { qos: number; retain: boolean; dup: boolean },
): string {
  checkString("topic", topic, LIMITS.topicBytes, "§2.5");
  if (/[+#]/.test(topic)) throw new ParameterError("topic", "must not hold a wildcard", "§2.5");
  checkQos("qos", qos, "§2.5");
  const bytes = Buffer.from(payload as Uint8Array);
  if (bytes.length > LIMITS.publishBytes)
    throw new ParameterError("payload", `must not exceed ${LIMITS.publishBytes} bytes`, "§2.5");
  const text = bytes.toString("latin1");
  const isPlain = bytes.length > 0 && /^[\u0020-\u0021\u0023-\u007e]*$/.test(text);
  const message = isPlain ? `0,"${text}"` : `${bytes.length},"${bytes.toString("hex").toUpperCase()}"`;
  const command = `AT+MQTTPUB="${topic}",${qos},${flag(retain)},${flag(dup)},${message}`;
  if (command.length > LIMITS.commandLineBytes)
    throw new ParameterError("payload", `makes the command longer than ${LIMITS.commandLineBytes} bytes`, "§2.5");
  return command;
}
