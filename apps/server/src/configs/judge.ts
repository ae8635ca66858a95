import { configDocumentSchema, type FieldError } from "@mn316-fleet/contracts";
import { fieldErrors } from "../platform/problems/validation.pipe";
import type { ConfigRow } from "./configs.store";
import { type Layer, overlay } from "./overlay";
import { fillTexts, pathsNeedingImei, type StoredDocument } from "./resolve";
import { tagsFor } from "./tag-values";

/** What layers make of a device's configuration: a valid document, or the rules that it would break. */
export interface Judged {
  /** null without any layer, or where there are problems. */
  desired: StoredDocument | null;
  problems: FieldError[];
  /** By their name the values of the tags that the document asks for; null where it asks for none. */
  filledTags: Record<string, string> | null;
}

/** A password that layers bring: in clear, or known to be there without being readable. */
export type LayerPassword = string | { unreadableKey: string } | undefined;

/** Lays the layers over each other and checks the whole by every rule. A pure function. */
export function judge(
  layers: readonly Layer[],
  password: LayerPassword,
  { imei, tags }: Pick<ConfigRow, "imei" | "tags">,
): Judged {
  if (layers.length === 0) return { desired: null, problems: [], filledTags: null };
  const parsed = parse(overlay(layers), password);
  const problems = parsed.success ? [] : fieldErrors(parsed.error.issues);
  if (typeof password === "object")
    problems.push({
      path: "mqtt.password",
      rule: "decryptable",
      message: "the stored one was encrypted with another FLEET_SECRET_KEY: write it again, or null to remove it",
    });
  if (!parsed.success) return { desired: null, problems, filledTags: null };
  const { mqtt, ...rest } = parsed.data;
  const { password: _password, ...others } = mqtt;
  const desired = { ...rest, mqtt: others };
  if (imei === null)
    for (const path of pathsNeedingImei(desired))
      problems.push({ path, rule: "imei-known", message: "holds {imei}, but the device has no IMEI" });
  const { values, problems: tagProblems } = tagsFor(desired, tags);
  problems.push(...tagProblems);
  const asksForTags = Object.keys(values).length > 0;
  if (asksForTags && tagProblems.length === 0) problems.push(...brokenWhenFilled(desired, values, password));
  return problems.length > 0
    ? { desired: null, problems, filledTags: null }
    : { desired, problems, filledTags: asksForTags ? values : null };
}

/** How long a tag's value is, and whether it makes two topics the same, shows only when it is filled in. */
function brokenWhenFilled(
  desired: StoredDocument,
  tags: Record<string, string>,
  password: LayerPassword,
): FieldError[] {
  const parsed = parse(fillTexts(desired, { tags }), password);
  if (parsed.success) return [];
  return fieldErrors(parsed.error.issues).map((error) => ({
    ...error,
    message: `${error.message}, with the device's tags filled in`,
  }));
}

function parse(document: unknown, password: LayerPassword) {
  return configDocumentSchema.safeParse(typeof password === "string" ? withPassword(document, password) : document);
}

function withPassword(document: unknown, password: string): unknown {
  const { mqtt } = document as { mqtt?: unknown };
  if (typeof mqtt !== "object" || mqtt === null || Array.isArray(mqtt)) return document;
  return { ...(document as object), mqtt: { ...mqtt, password } };
}
