import { type ConfigChange, HIDDEN_PASSWORD } from "@mn316-fleet/contracts";
import { isDeepStrictEqual } from "node:util";
import { leaves } from "./overlay";
import type { StoredDocument } from "./resolve";

/** A document and the password that goes with it, by its id. */
export interface Resolved {
  desired: StoredDocument | null;
  passwordId: string | null;
}

/** What differs between two versions, by path; of passwords only that they differ. */
export function changesBetween(before: Resolved, after: Resolved): ConfigChange[] {
  const from = valuesOf(before.desired);
  const to = valuesOf(after.desired);
  const changes = [...new Set([...from.keys(), ...to.keys()])]
    .filter((path) => !isDeepStrictEqual(from.get(path), to.get(path)))
    .map((path) => change(path, from.get(path), to.get(path)));
  if (before.passwordId === after.passwordId) return changes;
  const hidden = (id: string | null) => (id === null ? undefined : HIDDEN_PASSWORD);
  return [...changes, change("mqtt.password", hidden(before.passwordId), hidden(after.passwordId))];
}

function valuesOf(document: StoredDocument | null): Map<string, unknown> {
  if (!document) return new Map();
  return new Map([...leaves(document)].map(({ path, value }) => [path.join("."), value]));
}

function change(path: string, from: unknown, to: unknown): ConfigChange {
  return { path, ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
}
