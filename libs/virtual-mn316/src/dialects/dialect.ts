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
  maskedPassword: string;
  unconfiguredReads: "error" | "(null)";
  /** A URC that a command causes at once comes before that command's OK. */
  isUrcBeforeOk: boolean;
  /** A subscription that the broker refuses shows as +MQTTTO:3, not as a SUBACK. */
  isRefusedSubackSilent: boolean;
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
  /** `<stat>` after a disconnection. */
  disconnectedReads: 1 | 2;
  needsDeleteToConfigure: boolean;
  isPingPostponedByWrites: boolean;
  /** Numbers of `+CME ERROR`: those of 3GPP TS 27.007, or the vendor's own. */
  errorNumbers: "27.007" | "vendor";
  /** Ends the echo of a command as the host did, or with CR LF. */
  echoEnd: "as sent" | "CR LF";
}

/** The ways of the manual. Where it spells a thing twice, the first. */
export const MANUAL: Dialect = {
  pingResponse: "MQTTPINGRESP",
  afterColon: "",
  ackFields: "packId,dup",
  hasLeadingLineEnd: true,
  isPublishTopicQuoted: false,
  isPayloadOnNextLine: false,
  maskedPassword: "***",
  unconfiguredReads: "error",
  isUrcBeforeOk: false,
  isRefusedSubackSilent: false,
  givesUpAtTcpFailure: false,
  reconnectsAtAckTimeout: true,
  reportsGivingUp: false,
  sleepsAfterMs: undefined,
  isAsciiOnly: false,
  refusesRepeatedSubscribe: false,
  disconnectedReads: 2,
  needsDeleteToConfigure: false,
  isPingPostponedByWrites: false,
  errorNumbers: "27.007",
  echoEnd: "as sent",
};
