import type { ConfigChange, ConfigState } from "@mn316-fleet/contracts";

/** The values that differ between two documents, by path; a side that has none is left out. Lists are one value. */
export function differences(from: unknown, to: unknown): ConfigChange[] {
  const [before, after] = [flatten(from), flatten(to)];
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((path) => {
    const change = {
      path,
      ...(before.has(path) && { from: before.get(path) }),
      ...(after.has(path) && { to: after.get(path) }),
    };
    return before.has(path) && after.has(path) && isSame(change.from, change.to) ? [] : [change];
  });
}

/**
 * In what the module differs from what is asked of it. Only what both speak of is compared: a report tells more than was
 * asked for, tells nothing of the agent's own settings, and hides the password.
 */
export function deviations({ desired, reported }: Pick<ConfigState, "desired" | "reported">): ConfigChange[] {
  const [held, asked] = [flatten(reported), flatten(desired)];
  return [...asked.keys()].sort().flatMap((path) => {
    const [from, to] = [held.get(path), asked.get(path)];
    return !held.has(path) || path === "mqtt.password" || fits(from, to) ? [] : [{ path, from, to }];
  });
}

const PLACEHOLDER = /\{[a-zA-Z]+\}/;

/** Whether a reported value is what a desired one asks for; its placeholders were filled in on the way to the device. */
function fits(reported: unknown, desired: unknown): boolean {
  const text = JSON.stringify(desired);
  if (!PLACEHOLDER.test(text)) return isSame(reported, desired);
  const fixed = text.split(new RegExp(PLACEHOLDER, "g")).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${fixed.join(".*")}$`).test(JSON.stringify(reported));
}

const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

function flatten(value: unknown, path = "", found = new Map<string, unknown>()): Map<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    for (const [name, member] of Object.entries(value)) flatten(member, path === "" ? name : `${path}.${name}`, found);
  else if (path !== "") found.set(path, value);
  return found;
}
