import type { FinalResult } from "@mn316-fleet/at";
import { inWords } from "@mn316-fleet/at";
import { errorCode, errorMeaning } from "@mn316-fleet/manual";
import type { Cause } from "./session-machine";

/** A parameter that breaks a rule of the manual; nothing was sent. */
export class ParameterError extends Error {
  constructor(
    readonly parameter: string,
    readonly rule: string,
    readonly section: string,
  ) {
    super(`${parameter} ${rule} (${section})`);
    this.name = "ParameterError";
  }
}

/** The module answered a command with an error. */
export class CommandError extends Error {
  /** What the error means by 27.007 or the module's vendor, where it is known. */
  readonly meaning: string | undefined;

  /** @param command without its arguments, which may hold a password */
  constructor(
    readonly command: string,
    readonly final: FinalResult,
  ) {
    const meaning = final.code === "CME ERROR" ? errorMeaning(final.err) : undefined;
    super(`${command} was answered ${inWords(final)}${typeof meaning === "string" ? `: ${meaning}` : ""}`);
    this.name = "CommandError";
    this.meaning = meaning;
  }

  /** The error's number, also where the module gave its words; undefined for a bare ERROR. */
  get code(): number | undefined {
    if (this.final.code !== "CME ERROR") return undefined;
    return typeof this.final.err === "number" ? this.final.err : errorCode(this.final.err);
  }
}

/** The module speaks another family's MQTT commands under the same names; nothing it says can be trusted. */
export class ForeignDialectError extends Error {
  constructor(
    readonly dialect: string,
    readonly line: string,
  ) {
    super(`the module does not speak the MN316's MQTT commands but ${dialect}: ${line}`);
    this.name = "ForeignDialectError";
  }
}

/** The module did not connect to its broker. */
export class ConnectError extends Error {
  constructor(
    override readonly cause: Cause,
    detail: string,
  ) {
    super(`not connected: ${detail}`);
    this.name = "ConnectError";
  }
}

/** The broker did not acknowledge in the module's time (`+MQTTTO`), refused, or the link went away meanwhile. */
export class AcknowledgementError extends Error {
  constructor(
    readonly operation: "publish" | "subscribe" | "unsubscribe",
    readonly topic: string,
    readonly reason: string,
  ) {
    super(`${operation} ${topic}: ${reason}`);
    this.name = "AcknowledgementError";
  }
}

/** A reader of events or messages left so much unread, while commands kept the line open, that it gets no more of them. */
export class ReaderOverrunError extends Error {
  /** @param kept how many items it may still read before this error */
  constructor(readonly kept: number) {
    super(`the reader fell behind: what came after the ${kept} items that it had left unread is lost to it`);
    this.name = "ReaderOverrunError";
  }
}
