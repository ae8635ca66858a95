import type { ConfigOrigin, ConfigState } from "@mn316-fleet/contracts";

/** One field of a configuration, as it should be and as the module holds it. */
export interface ComparedField {
  path: string;
  desired: unknown;
  /** Where the desired value comes from. */
  from: ConfigOrigin | undefined;
  /** undefined where the module was not heard about it. */
  reported: unknown;
  differs: boolean;
  /** How the reported value is known: read back, on the module's word, or hidden by it. */
  trust: string | undefined;
}

/** Sets desired and reported configuration side by side, field by field. */
export function compare({ desired, reported, explain = [] }: ConfigState): ComparedField[] {
  if (!desired) return [];
  const origins = new Map(explain.map(({ path, from }) => [path, from]));
  const held = new Map(leavesOf(reported ?? {}));
  const trust = reported?.trust ?? {};
  return leavesOf(desired).map(([path, value]) => ({
    path,
    desired: value,
    from: origins.get(path),
    reported: held.get(path),
    differs: held.has(path) && trust[path] !== "masked" && !isFilledIn(canonical(held.get(path)), canonical(value)),
    trust: trust[path],
  }));
}

/** The fields of a document with their paths; a list is one field. */
function leavesOf(document: object, prefix = ""): [path: string, value: unknown][] {
  return Object.entries(document).flatMap(([name, value]: [string, unknown]) => {
    const path = prefix + name;
    if (path === "trust") return [];
    const isBranch = typeof value === "object" && value !== null && !Array.isArray(value);
    return isBranch ? leavesOf(value, `${path}.`) : [[path, value] as [string, unknown]];
  });
}

/** Whether a value is a desired one with its placeholders filled in, with whatever. */
function isFilledIn(held: string, desired: string): boolean {
  const parts = desired.split(/\{(?:imei|device|tag:[^}]*)\}/);
  return new RegExp(`^${parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".*")}$`).test(held);
}

/** Lists of subscriptions have no order of their own. */
function canonical(value: unknown): string {
  return JSON.stringify(Array.isArray(value) ? value.map((entry) => JSON.stringify(entry)).sort() : value);
}
