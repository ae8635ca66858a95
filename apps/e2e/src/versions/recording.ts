import { readFileSync } from "node:fs";

/** A frame, whatever release it is of. */
export interface Frame {
  type: string;
  [field: string]: unknown;
}

/** What passed, in order; `closed` is how the server ended the connection. */
export type Passed = { way: "up" | "down"; frame: Frame } | { way: "closed"; code: number };

/**
 * What an agent and a server of the first release said to each other, as it passed between their processes: a hello, a
 * configuration, two jobs, a change of the configuration, an outage, a module's restart, the server's end.
 */
export function firstRelease(): Passed[] {
  const text = readFileSync(new URL("first-release.jsonl", import.meta.url), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Passed);
}

/** The frames of a type that passed one way. */
export function framesOf(recording: readonly Passed[], way: "up" | "down", type: string): Frame[] {
  return recording.flatMap((passed) => (passed.way === way && passed.frame.type === type ? [passed.frame] : []));
}

/**
 * What a reader of a recorded value would miss in another: every field must be there, with a value of the same sort.
 * @returns paths, none where nothing is missing
 */
export function missingIn(value: unknown, recorded: unknown, at = ""): string[] {
  if (Array.isArray(recorded)) {
    if (!Array.isArray(value)) return [at];
    return value.flatMap((item, index) => missingIn(item, recorded[0] ?? item, `${at}[${index}]`));
  }
  if (typeof recorded === "object" && recorded !== null) {
    if (typeof value !== "object" || value === null) return [at];
    return Object.entries(recorded).flatMap(([field, inner]) =>
      missingIn((value as Record<string, unknown>)[field], inner, at === "" ? field : `${at}.${field}`),
    );
  }
  return typeof value === typeof recorded ? [] : [at];
}

/** Objects whose fields are no fields, but keys that somebody chose. */
const MAPS = ["trust"];

/** A value as a release to come might send it: every object has a field that nobody knows yet. */
export function ofTomorrow<T>(value: T): T {
  if (Array.isArray(value)) return value.map((item: unknown) => ofTomorrow(item)) as T;
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).map(
    ([field, inner]) => [field, MAPS.includes(field) ? inner : ofTomorrow(inner)] as const,
  );
  return { ...Object.fromEntries(fields), fieldOfTomorrow: { is: ["unknown"] } } as T;
}
