/** Where the manual contradicts itself, or where modules of the family were seen to depart from it. */
export interface Quirk {
  name: string;
  /** Of the manual where it is the manual's own, `family` where only modules were seen to do it. */
  section: string;
  about: string;
}

/** What the driver bears, by name. */
export const QUIRKS = [
  { name: "pingrsp", section: "§2.11", about: "+MQTTPINGRSP beside §2.10's +MQTTPINGRESP" },
  { name: "space-after-colon", section: "§2.4", about: "a space behind the colon of some lines" },
  { name: "masked-password", section: "§2.1", about: 'the password reads *** or "*****"' },
  { name: "quoted-strings", section: "§2.1", about: "strings of MQTTCFG? in quotes, which the example has bare" },
  { name: "hex-suback", section: "§2.11", about: "a refused subscription reads 128, 0x80 or 80" },
  { name: "rec-urc", section: "§3.4", about: "+MQTTREC exists only in an example" },
  { name: "ambiguous-disc", section: "§3.4", about: "+MQTTDISC:OK answers MQTTDISC, or tells that the module gave up" },
  { name: "equal-timeouts", section: "§2.9", about: "§3.1's own sample has keepAlive equal to the ACK timeout" },
  { name: "dup-first", section: "family", about: "acknowledgements as <dup>,<packId>" },
  { name: "quoted-topic", section: "family", about: "the topic of +MQTTPUBLISH in quotes" },
  { name: "payload-on-next-line", section: "family", about: "the message on the line after its header" },
  { name: "short-message", section: "family", about: "fewer bytes than announced, then CR LF" },
  { name: "urc-before-ok", section: "family", about: "a URC ahead of the OK of the command that caused it" },
  { name: "unsolicited-error", section: "family", about: "+CME ERROR 609, 615, 619 by itself" },
  { name: "cfg-resets", section: "family", about: "MQTTCFG resets MQTTTO and MQTTPING" },
  { name: "disconnected-reads-1", section: "family", about: "MQTTSTAT? reads 1 after a disconnection" },
  { name: "already-subscribed", section: "family", about: "subscribing again answers 606" },
  { name: "busy", section: "family", about: "8007 while the command before is unfinished" },
  { name: "null-config", section: "family", about: 'MQTTCFG? of an unconfigured module reads "(null)"' },
  { name: "verbose-errors", section: "family", about: "errors in words although AT+CMEE=1 asked for numbers" },
  { name: "dirty-input", section: "family", about: "8003 for a command that came damaged; it may go again" },
  { name: "sleeping", section: "family", about: "the first bytes after a pause are lost" },
] as const satisfies readonly Quirk[];

export type QuirkName = (typeof QUIRKS)[number]["name"];
