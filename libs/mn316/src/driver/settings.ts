import { LIMITS } from "@mn316-fleet/manual";
import { ParameterError } from "./errors";

/** The settings of a connection; defaults are the manual's. */
export interface MqttSettings {
  host: string;
  /** 1…65535 */
  port: number;
  clientId: string;
  /** Seconds, 1…65535 (§2.1). */
  keepAliveS: number;
  username?: string | undefined;
  password?: string | undefined;
  cleanSession: boolean;
  /** Seconds; the manual wants it below `keepAliveS` (§2.9), longer than it is refused (§2.1). */
  ackTimeoutS: number;
  /** Shows `+MQTTPINGRESP` for each answered heart-beat (§2.10). */
  pingEcho: boolean;
  /** TLS; only false, for the module does not support it yet (§2.1). */
  encrypt?: boolean | undefined;
  will?: { topic: string; message: string; qos: number; retain: boolean } | undefined;
}

/**
 * Checks settings by the manual's rules.
 * @returns warnings: what is allowed but against the manual's advice
 * @throws ParameterError for the first rule that is broken
 */
export function checkSettings(settings: MqttSettings): string[] {
  const { host, port, clientId, keepAliveS, username, password, ackTimeoutS, will } = settings;
  checkString("host", host, LIMITS.hostBytes, "§2.1");
  checkRange("port", port, LIMITS.port, "§2.1");
  checkString("clientId", clientId, LIMITS.clientIdBytes, "§2.1");
  checkRange("keepAliveS", keepAliveS, LIMITS.keepAliveS, "§2.1");
  checkString("username", username ?? "", LIMITS.usernameBytes, "§2.1", true);
  checkString("password", password ?? "", LIMITS.passwordBytes, "§2.1", true);
  checkRange("ackTimeoutS", ackTimeoutS, LIMITS.ackTimeoutS, "§2.9");
  if (ackTimeoutS > keepAliveS)
    throw new ParameterError(
      "ackTimeoutS",
      `must not exceed keepAliveS (${keepAliveS}), or lost heart-beats go unnoticed`,
      "§2.1",
    );
  if (settings.encrypt) throw new ParameterError("encrypt", "is not supported by the module yet", "§2.1");
  // MQTT 3.1.1 §3.1.2.9, which the module's flags (§2.2) follow.
  if (password && !username) throw new ParameterError("password", "needs a username", "§2.2");
  if (will) {
    checkString("will.topic", will.topic, LIMITS.topicBytes, "§2.2");
    checkString("will.message", will.message, LIMITS.willMessageBytes, "§2.2", true);
    if (/[+#]/.test(will.topic)) throw new ParameterError("will.topic", "must not hold a wildcard", "§2.2");
    checkQos("will.qos", will.qos, "§2.2");
  }
  return warningsOf(settings);
}

function warningsOf({ clientId, keepAliveS, username, password, ackTimeoutS, will }: MqttSettings): string[] {
  const warnings: string[] = [];
  if (ackTimeoutS === keepAliveS)
    warnings.push(`ackTimeoutS equals keepAliveS (${keepAliveS}); the manual asks for less (§2.9)`);
  const fields = [clientId, username, password, will?.topic, will?.message];
  const bytes = fields.reduce((sum, field) => sum + (field?.length ?? 0), 0);
  if (bytes > LIMITS.connectFieldsBytes)
    warnings.push(
      `clientId, username, password and will have ${bytes} bytes together; some modules take ${LIMITS.connectFieldsBytes} (§2.1, §2.2)`,
    );
  return warnings;
}

/**
 * Checks a string that goes into an AT command in quotes: the manual has no escape rule, so a quote, a control character
 * or anything outside printable ASCII would end the argument or the command.
 * @param maxBytes inclusive
 */
export function checkString(name: string, value: string, maxBytes: number, section: string, mayBeEmpty = false): void {
  if (!mayBeEmpty && value === "") throw new ParameterError(name, "must not be empty", section);
  if (value.includes('"')) throw new ParameterError(name, "must not hold a quote", section);
  if (!/^[\u0020-\u007e]*$/.test(value))
    throw new ParameterError(name, "must be printable ASCII without CR, LF or NUL", section);
  if (value.length > maxBytes) throw new ParameterError(name, `must not exceed ${maxBytes} bytes`, section);
}

/** Checks a whole number within its range, both ends inclusive. */
export function checkRange(
  name: string,
  value: number,
  { min, max }: { min: number; max: number },
  section: string,
): void {
  if (!Number.isInteger(value) || value < min || value > max)
    throw new ParameterError(name, `must be a whole number from ${min} to ${max}`, section);
}

/** Checks a QoS, 0…2. */
export function checkQos(name: string, value: number, section: string): void {
  checkRange(name, value, { min: 0, max: 2 }, section);
}
