import { type ConfigDocument, fillIn, type Placeholders, placeholdersOf, tagAskedFor } from "@mn316-fleet/contracts";
import type { DeviceConfig } from "@mn316-fleet/protocol";

/** The operator's document as stored: whole, with its defaults, without the password. */
export type StoredDocument = Omit<ConfigDocument, "mqtt"> & { mqtt: Omit<ConfigDocument["mqtt"], "password"> };

/** A version's device, and the values that its placeholders were filled in with. */
export interface FilledVersion {
  deviceId: string;
  filledImei: string | null;
  filledTags: Record<string, string> | null;
}

/** The texts that may hold placeholders, by their path. */
function templatesOf({ mqtt, subscriptions }: StoredDocument): [path: string, text: string][] {
  const templates: [string, string | undefined][] = [
    ["mqtt.clientId", mqtt.clientId],
    ["mqtt.username", mqtt.username],
    ["mqtt.will.topic", mqtt.will?.topic],
    ["mqtt.will.message", mqtt.will?.message],
    ...subscriptions.map(({ topic }, index): [string, string] => [`subscriptions.${index}.topic`, topic]),
  ];
  return templates.filter((entry): entry is [string, string] => entry[1] !== undefined);
}

/** Where a document asks for an IMEI. */
export function pathsNeedingImei(document: StoredDocument): string[] {
  return templatesOf(document)
    .filter(([, text]) => placeholdersOf(text).includes("imei"))
    .map(([path]) => path);
}

/** Where a document asks for tags, and for which; each once a path. */
export function tagsNeeded(document: StoredDocument): { path: string; tag: string }[] {
  return templatesOf(document).flatMap(([path, text]) =>
    [...new Set(placeholdersOf(text))].flatMap((placeholder) => {
      const tag = tagAskedFor(placeholder);
      return tag === undefined ? [] : [{ path, tag }];
    }),
  );
}

/** The document with the placeholders filled in that there are values for. */
export function fillTexts(document: StoredDocument, values: Partial<Placeholders>): StoredDocument {
  const { username, will, ...mqtt } = document.mqtt;
  const fill = (text: string) => fillIn(text, values);
  return {
    ...document,
    mqtt: {
      ...mqtt,
      clientId: fill(mqtt.clientId),
      ...(username !== undefined && { username: fill(username) }),
      ...(will && { will: { ...will, topic: fill(will.topic), message: fill(will.message) } }),
    },
    subscriptions: document.subscriptions.map(({ topic, qos }) => ({ topic: fill(topic), qos })),
  };
}

/** The document as the device gets it: placeholders filled in, the password in clear. */
export function resolve(
  document: StoredDocument,
  values: Partial<Placeholders>,
  password: string | undefined,
): DeviceConfig {
  const filled = fillTexts(document, values);
  const { encrypt: _refusedBefore, ...mqtt } = filled.mqtt;
  return { ...filled, mqtt: { ...mqtt, ...(password !== undefined && { password }) } };
}

/** What a stored version was filled in with; the device's id needs no storing. */
export function valuesOf({ deviceId, filledImei, filledTags }: FilledVersion): Partial<Placeholders> {
  return { device: deviceId, ...(filledImei !== null && { imei: filledImei }), tags: filledTags ?? {} };
}
