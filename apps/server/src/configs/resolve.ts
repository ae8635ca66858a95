import { type ConfigDocument, fillIn, type Placeholders, placeholdersOf } from "@mn316-fleet/contracts";
import type { DeviceConfig } from "@mn316-fleet/protocol";

/** The operator's document as stored: whole, with its defaults, without the password. */
export type StoredDocument = Omit<ConfigDocument, "mqtt"> & { mqtt: Omit<ConfigDocument["mqtt"], "password"> };

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

/** The document as the device gets it: placeholders filled in, the password in clear. */
export function resolve(document: StoredDocument, values: Placeholders, password: string | undefined): DeviceConfig {
  const { encrypt: _refusedBefore, username, will, ...mqtt } = document.mqtt;
  const fill = (text: string) => fillIn(text, values);
  return {
    ...document,
    mqtt: {
      ...mqtt,
      clientId: fill(mqtt.clientId),
      ...(username !== undefined && { username: fill(username) }),
      ...(password !== undefined && { password }),
      ...(will && { will: { ...will, topic: fill(will.topic), message: fill(will.message) } }),
    },
    subscriptions: document.subscriptions.map(({ topic, qos }) => ({ topic: fill(topic), qos })),
  };
}
