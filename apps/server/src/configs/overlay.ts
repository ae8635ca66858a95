import type { ConfigOrigin, ExplainedField } from "@mn316-fleet/contracts";

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
 * Says of each value of a resolved document which layer it comes from.
 * @param document what the layers resolve to, with its defaults
 */
export function explain(document: unknown, layers: readonly Layer[]): ExplainedField[] {
  return [...leaves(document)].map(({ path, value }) => {
    const top = layers.findLast(({ settings }) => holds(settings, path));
    return { path: path.join("."), value, from: top?.from ?? { kind: "default" } };
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
