import type { ConfigOrigin, ExplainedField } from "@mn316-fleet/contracts";
import { isDeepStrictEqual } from "node:util";

/** A part of a document, and whose it is. */
export interface Layer {
  from: ConfigOrigin;
  settings: unknown;
}

/** No document is as deep; what is deeper is taken as it stands, and refused by the document's schema. */
const MAX_DEPTH = 16;

/** Lays parts over each other, the last one on top: objects member by member, everything else (lists too) as a whole. */
export function overlay(layers: readonly Layer[]): unknown {
  return layers.reduce<unknown>((below, { settings }) => layOver(below, settings, 0), {});
}

/**
 * Says of each value of a resolved document which layer it comes from, and what it becomes for the device.
 * @param document what the layers resolve to, with its defaults
 * @param filled the same with its placeholders filled in
 */
export function explain(document: unknown, layers: readonly Layer[], filled = document): ExplainedField[] {
  const filledValues = new Map([...leaves(filled)].map(({ path, value }) => [path.join("."), value]));
  return [...leaves(document)].map(({ path, value }) => {
    const top = layers.findLast(({ settings }) => holds(settings, path));
    const name = path.join(".");
    const isFilled = !isDeepStrictEqual(filledValues.get(name), value);
    return {
      path: name,
      value,
      ...(isFilled && { filled: filledValues.get(name) }),
      from: top?.from ?? { kind: "default" },
    };
  });
}

/** The values of a document and their paths; a list counts as one value. */
export function* leaves(value: unknown, path: readonly string[] = []): Iterable<{ path: string[]; value: unknown }> {
  if (!isObject(value)) yield { path: [...path], value };
  else for (const [name, member] of Object.entries(value)) yield* leaves(member, [...path, name]);
}

function layOver(below: unknown, above: unknown, depth: number): unknown {
  if (!isObject(above) || depth > MAX_DEPTH) return above;
  const result = new Map(isObject(below) ? Object.entries(below) : []);
  for (const [name, value] of Object.entries(above)) result.set(name, layOver(result.get(name), value, depth + 1));
  return Object.fromEntries(result);
}

function holds(settings: unknown, path: readonly string[]): boolean {
  let value = settings;
  for (const name of path) {
    if (!isObject(value) || !Object.hasOwn(value, name)) return false;
    value = value[name];
  }
  return true;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
