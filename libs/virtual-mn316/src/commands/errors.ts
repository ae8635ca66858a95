import type { Dialect } from "../dialects/dialect";

/** Why the module refuses a command. */
export type Refusal =
  "state" | "parameter" | "too-long" | "input" | "busy" | "already-subscribed" | "not-subscribed" | "unknown-command";

const WORDS: Record<Refusal, string> = {
  state: "operation not allowed",
  parameter: "Incorrect parameters",
  "too-long": "input too long",
  input: "invalid input",
  busy: "busy",
  "already-subscribed": "already subscribed",
  "not-subscribed": "not subscribed",
  "unknown-command": "operation not supported",
};

/** 3GPP TS 27.007 §9.2 where it has a number, else the chip's. */
const STANDARD: Record<Refusal, number> = {
  state: 3,
  parameter: 50,
  "too-long": 8001,
  input: 8003,
  busy: 8007,
  "already-subscribed": 3,
  "not-subscribed": 3,
  "unknown-command": 4,
};

const VENDOR: Record<Refusal, number> = {
  ...STANDARD,
  state: 8002,
  parameter: 601,
  "already-subscribed": 606,
  "not-subscribed": 621,
};

/**
 * The final result of a refused command.
 * @param mode what AT+CMEE set: 0 a bare ERROR, 1 a number, 2 words
 */
export function errorLine(refusal: Refusal, mode: 0 | 1 | 2, dialect: Dialect): string {
  if (mode === 0) return "ERROR";
  const numbers = dialect.errorNumbers === "vendor" ? VENDOR : STANDARD;
  return `+CME ERROR:${dialect.afterColon}${mode === 1 ? numbers[refusal] : WORDS[refusal]}`;
}

/** Thrown by a command that the module refuses. */
export class CommandRefused extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal);
  }
}
