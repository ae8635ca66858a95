import { configDocumentSchema, type FieldError } from "@mn316-fleet/contracts";
import { fieldErrors } from "../platform/problems/validation.pipe";
import { type Layer, overlay } from "./overlay";
import { pathsNeedingImei, type StoredDocument } from "./resolve";

/** What layers make of a device's configuration: a valid document, or the rules that it would break. */
export interface Judged {
  /** null without any layer, or where there are problems. */
  desired: StoredDocument | null;
  problems: FieldError[];
}

/** A password that layers bring: in clear, or known to be there without being readable. */
export type LayerPassword = string | { unreadableKey: string } | undefined;

/** Lays the layers over each other and checks the whole by every rule. A pure function. */
export function judge(layers: readonly Layer[], password: LayerPassword, imei: string | null): Judged {
  if (layers.length === 0) return { desired: null, problems: [] };
  const document = overlay(layers);
  const parsed = configDocumentSchema.safeParse(
    typeof password === "string" ? withPassword(document, password) : document,
  );
  const problems = parsed.success ? [] : fieldErrors(parsed.error.issues);
  if (typeof password === "object")
    problems.push({
      path: "mqtt.password",
      rule: "decryptable",
      message: "the stored one was encrypted with another FLEET_SECRET_KEY: write it again, or null to remove it",
    });
  if (!parsed.success) return { desired: null, problems };
  const { mqtt, ...rest } = parsed.data;
  const { password: _password, ...others } = mqtt;
  const desired = { ...rest, mqtt: others };
  if (imei === null)
    for (const path of pathsNeedingImei(desired))
      problems.push({ path, rule: "imei-known", message: "holds {imei}, but the device has no IMEI" });
  return { desired: problems.length > 0 ? null : desired, problems };
}

function withPassword(document: unknown, password: string): unknown {
  const { mqtt } = document as { mqtt?: unknown };
  if (typeof mqtt !== "object" || mqtt === null || Array.isArray(mqtt)) return document;
  return { ...(document as object), mqtt: { ...mqtt, password } };
}
