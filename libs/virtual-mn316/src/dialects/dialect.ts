/**
 * Where one firmware departs from another. The manual's own ways are in `MANUAL`; each named dialect changes some of
 * them.
 */
export interface Dialect {
  /** §2.10 and §2.11 spell this URC differently. */
  pingResponse: "MQTTPINGRESP" | "MQTTPINGRSP";
  afterColon: "" | " ";
  /** Order of the two fields of PUBACK, PUBREC, PUBREL, PUBCOMP. */
  ackFields: "packId,dup" | "dup,packId";
  hasLeadingLineEnd: boolean;
  isPublishTopicQuoted: boolean;
  isPayloadOnNextLine: boolean;
  /** The payload is printed up to its first NUL, however long it was announced. */
  endsPayloadAtNul: boolean;
  maskedPassword: string;
  unconfiguredReads: "error" | "(null)";
  /** A URC that a command causes at once comes before that command's OK. */
  isUrcBeforeOk: boolean;
  /** A subscription that the broker refuses, or grants with a lower QoS, shows as +MQTTTO:3, not as a SUBACK. */
  isPoorSubackSilent: boolean;
  /** After +MQTTOPEN:FAIL comes +MQTTDISC:OK at once, without an attempt to reconnect. */
  isFailureFinal: boolean;
  /** One TCP failure ends the reconnecting early. */
  givesUpAtTcpFailure: boolean;
  /** §2.2: every ACK timeout causes a reconnect; on some, only those of connect and ping. */
  reconnectsAtAckTimeout: boolean;
  /** Prints an unsolicited +CME ERROR: 615 when reconnecting failed. */
  reportsGivingUp: boolean;
  /** Sleeps after this pause on the line, in ms of the module's time; then the first bytes are lost. */
  sleepsAfterMs: number | undefined;
  isAsciiOnly: boolean;
  refusesRepeatedSubscribe: boolean;
  /** `<stat>` from a second after a disconnection on. */
  disconnectedReads: 1 | 2;
  /** From the OK of MQTTDISC to +MQTTDISC:OK, in ms of the module's time; MQTTDEL is refused until then. */
  disconnectDelayMs: number;
  needsDeleteToConfigure: boolean;
  isPingPostponedByWrites: boolean;
  /** Numbers of `+CME ERROR`: those of 3GPP TS 27.007, or the vendor's own. */
  errorNumbers: "27.007" | "vendor";
  /** Ends the echo of a command as the host did, or in its own way. */
  echoEnd: "as sent" | "CR LF" | "CR";
  isRefusedInputEchoed: boolean;
  /** A longer pause inside a command line, in ms of real time, makes it drop what came before. */
  longestPauseMs: number | undefined;
  /** Of the line: what passes takes its time on it. Undefined: at once. */
  bitsPerSecond: number | undefined;
  /** All fields of a CONNECT together have at most 256 bytes, a message 2 KiB. */
  hasSmallBuffers: boolean;
  /** What it prints when it restarts, and when it is up again. */
  bootLines: { before: readonly string[]; after: readonly string[] };
  /** Whose MQTT commands it understands: a sister module uses the same names for others. */
  grammar: "MN316" | "sister";
}

/** The ways of the manual. Where it spells a thing twice, the first. */
export const MANUAL: Dialect = {
  pingResponse: "MQTTPINGRESP",
  afterColon: "",
  ackFields: "packId,dup",
  hasLeadingLineEnd: true,
  isPublishTopicQuoted: false,
  isPayloadOnNextLine: false,
  endsPayloadAtNul: false,
  maskedPassword: "***",
  unconfiguredReads: "error",
  isUrcBeforeOk: false,
  isPoorSubackSilent: false,
  isFailureFinal: false,
  givesUpAtTcpFailure: false,
  reconnectsAtAckTimeout: true,
  reportsGivingUp: false,
  sleepsAfterMs: undefined,
  isAsciiOnly: false,
  refusesRepeatedSubscribe: false,
  disconnectedReads: 2,
  disconnectDelayMs: 0,
  needsDeleteToConfigure: false,
  isPingPostponedByWrites: false,
  errorNumbers: "27.007",
  echoEnd: "as sent",
  isRefusedInputEchoed: true,
  longestPauseMs: undefined,
  bitsPerSecond: undefined,
  hasSmallBuffers: false,
  bootLines: { before: ["REBOOTING"], after: ["+POWERON:0", "^SIMST:1"] },
  grammar: "MN316",
};
