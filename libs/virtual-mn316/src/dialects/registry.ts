import { type Dialect, MANUAL } from "./dialect";

interface NamedDialect {
  about: string;
  changes: Partial<Dialect>;
}

/** Each was seen on a module of the family, or stands in the manual as its other spelling. */
export const DIALECTS = {
  pingrsp: { about: "+MQTTPINGRSP, as §2.11 spells it", changes: { pingResponse: "MQTTPINGRSP" } },
  "space-after-colon": { about: "a space after the colon, as in §2.4's example", changes: { afterColon: " " } },
  "dup-first": { about: "ACK fields as <dup>,<packId> (ML302)", changes: { ackFields: "dup,packId" } },
  "no-leading-line-end": { about: "URCs without their leading CR LF", changes: { hasLeadingLineEnd: false } },
  "quoted-topic": { about: "the topic of +MQTTPUBLISH in quotes", changes: { isPublishTopicQuoted: true } },
  "payload-on-next-line": {
    about: "the payload of +MQTTPUBLISH on a line of its own (old firmware)",
    changes: { isPayloadOnNextLine: true },
  },
  "nul-ends-payload": {
    about: "+MQTTPUBLISH ends at the first NUL of its payload, short of the announced length",
    changes: { endsPayloadAtNul: true },
  },
  "quoted-mask": {
    about: 'the password masked as "*****", as in §2.1\'s grammar',
    changes: { maskedPassword: '"*****"' },
  },
  "null-config": {
    about: 'MQTTCFG? of an unconfigured module reads "(null)"',
    changes: { unconfiguredReads: "(null)" },
  },
  "urc-before-ok": { about: "a URC ahead of the OK of the command that caused it", changes: { isUrcBeforeOk: true } },
  "silent-suback": {
    about: "a refused or downgraded subscription shows only as +MQTTTO:3",
    changes: { isPoorSubackSilent: true, reconnectsAtAckTimeout: false },
  },
  "fail-then-disc": {
    about: "+MQTTDISC:OK right behind +MQTTOPEN:FAIL, no attempt to reconnect",
    changes: { isFailureFinal: true },
  },
  "early-give-up": { about: "one TCP failure ends the reconnecting", changes: { givesUpAtTcpFailure: true } },
  "ack-timeout-stays": {
    about: "an ACK timeout drops the packet and the connection stays",
    changes: { reconnectsAtAckTimeout: false },
  },
  "reports-615": {
    about: "an unsolicited +CME ERROR: 615 when reconnecting failed",
    changes: { reportsGivingUp: true },
  },
  sleepy: { about: "sleeps after 2 s of quiet (+NPSMR) and loses the first bytes", changes: { sleepsAfterMs: 2_000 } },
  "ascii-only": { about: "refuses input beyond printable ASCII (8003)", changes: { isAsciiOnly: true } },
  "subscribed-once": {
    about: "subscribing again to a subscribed topic is an error (606)",
    changes: { refusesRepeatedSubscribe: true, errorNumbers: "vendor" },
  },
  "disconnected-reads-1": {
    about: "MQTTSTAT reads 1 a second after a disconnection",
    changes: { disconnectedReads: 1 },
  },
  "late-disc": {
    about: "+MQTTDISC:OK a second behind the OK of MQTTDISC; MQTTDEL is refused until then",
    changes: { disconnectDelayMs: 1_000 },
  },
  "delete-before-configure": {
    about: "MQTTCFG is refused until MQTTDEL (a strict reading of §3.3)",
    changes: { needsDeleteToConfigure: true },
  },
  "writes-postpone-ping": {
    about: "anything sent postpones the ping, so publishing hides a dead link",
    changes: { isPingPostponedByWrites: true },
  },
  "vendor-errors": {
    about: "+CME ERROR numbers of the vendor (600…621, 8000…8013)",
    changes: { errorNumbers: "vendor" },
  },
  "echo-cr-lf": { about: "the echo ends in CR LF whatever the host sent", changes: { echoEnd: "CR LF" } },
  "echo-cr": { about: "the echo ends in CR alone whatever the host sent", changes: { echoEnd: "CR" } },
  "refused-unechoed": { about: "a refused command is not echoed", changes: { isRefusedInputEchoed: false } },
  "drops-slow-lines": {
    about: "a pause of more than 20 ms inside a command line drops it",
    changes: { longestPauseMs: 20 },
  },
  "9600-baud": { about: "what passes on the line takes its time at 9600 baud", changes: { bitsPerSecond: 9_600 } },
  "small-buffers": {
    about: "the fields of a CONNECT have at most 256 bytes together, a message 2 KiB",
    changes: { hasSmallBuffers: true },
  },
  "boot-atready": {
    about: "boots with *ATREADY alone",
    changes: { bootLines: { before: [], after: ["*ATREADY: 1"] } },
  },
  "silent-boot": { about: "restarts without a word", changes: { bootLines: { before: [], after: [] } } },
  "sister-grammar": {
    about: 'a sister module: AT+MQTTCFG="version",… and AT+MQTTCONN, nothing of chapter 2',
    changes: { grammar: "sister", afterColon: " " },
  },
} as const satisfies Record<string, NamedDialect>;

export type DialectName = keyof typeof DIALECTS;

/** Type guard for a dialect's name. */
export function isDialectName(name: string): name is DialectName {
  return Object.hasOwn(DIALECTS, name);
}

/** The manual's ways with those of the named dialects laid over them, in order. */
export function dialectOf(names: readonly DialectName[]): Dialect {
  return names.reduce<Dialect>((dialect, name) => ({ ...dialect, ...DIALECTS[name].changes }), MANUAL);
}
