import { type ConfigChange, HIDDEN_PASSWORD } from "@mn316-fleet/contracts";
import { isDeepStrictEqual } from "node:util";
import type { ConfigRow } from "./configs.store";
import { leaves } from "./overlay";
import { fillTexts, type StoredDocument, valuesOf } from "./resolve";

/** A document, the password that goes with it, by its id, and what its placeholders were filled in with. */
export type Resolved = Pick<ConfigRow, "deviceId" | "desired" | "passwordId" | "filledImei" | "filledTags">;

/** What differs between two versions, by path; of passwords only that they differ. */
export function changesBetween(before: Resolved, after: Resolved): ConfigChange[] {
  const from = fieldsOf(before.desired);
  const to = fieldsOf(after.desired);
  const filledFrom = fieldsOf(filled(before));
  const filledTo = fieldsOf(filled(after));
  const changes = [...new Set([...from.keys(), ...to.keys()])].flatMap((path) => {
    if (!isDeepStrictEqual(from.get(path), to.get(path))) return change(path, from.get(path), to.get(path));
    if (isDeepStrictEqual(filledFrom.get(path), filledTo.get(path))) return [];
    return change(path, filledFrom.get(path), filledTo.get(path));
  });
  if (before.passwordId === after.passwordId) return changes;
  const hidden = (id: string | null) => (id === null ? undefined : HIDDEN_PASSWORD);
  return [...changes, change("mqtt.password", hidden(before.passwordId), hidden(after.passwordId))];
}

function filled(version: Resolved): StoredDocument | null {
  return version.desired && fillTexts(version.desired, valuesOf(version));
}

function fieldsOf(document: StoredDocument | null): Map<string, unknown> {
  if (!document) return new Map();
  return new Map([...leaves(document)].map(({ path, value }) => [path.join("."), value]));
}

function change(path: string, from: unknown, to: unknown): ConfigChange {
  return { path, ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
}
