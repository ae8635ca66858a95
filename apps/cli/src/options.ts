import { InvalidArgumentError } from "commander";

/** Reads a whole number of an option. */
export const wholeNumber =
  (min: number, max = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() !== "" && Number.isInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(
      max === Number.MAX_SAFE_INTEGER
        ? `It must be a whole number of at least ${min}.`
        : `It must be a whole number from ${min} to ${max}.`,
    );
  };

/** Reads a number of an option that need not be whole. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("It must be a number above 0.");
}

/** Collects an option that may be given several times. */
export const repeatable = (text: string, before: string[] = []): string[] => [...before, text];

const SPAN = /^(\d+)(s|m|h|d)$/;
const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** @param sign of a length of time: -1 for one that is over */
const moment =
  (sign: 1 | -1, expected: string) =>
  (text: string): string => {
    const span = SPAN.exec(text);
    const ms = span ? Date.now() + sign * Number(span[1]) * UNIT_MS[span[2] as keyof typeof UNIT_MS] : Date.parse(text);
    // A bare number would be a year, which is never meant; a span can be too long for a date.
    if (/^\d+$/.test(text) || Number.isNaN(new Date(ms).getTime())) throw new InvalidArgumentError(expected);
    return new Date(ms).toISOString();
  };

/** Reads a moment: ISO 8601, without a zone by this machine's clock, or so long ago: `90m`, `24h`, `7d`. */
export const time = moment(-1, "It must be a time such as 2026-11-27T08:00:00Z, or how long ago: 90m, 24h, 7d.");

/** Reads a moment: ISO 8601, without a zone by this machine's clock, or in so long: `90m`, `12h`, `90d`. */
export const future = moment(1, "It must be a time such as 2026-11-27T08:00:00Z, or in how long: 90m, 12h, 90d.");

/** Reads `name=value`. */
export function assignment(text: string): [name: string, value: string] {
  const equals = text.indexOf("=");
  if (equals < 1) throw new InvalidArgumentError(`"${text}" must be NAME=VALUE.`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}
