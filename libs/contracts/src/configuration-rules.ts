import { LIMITS } from "@mn316-fleet/manual";
import type { FieldError } from "./common";
import { filledBytes } from "./configuration-text";

/** A rule between fields that a document breaks. */
export interface CrossFieldError {
  path: (string | number)[];
  rule: string;
  message: string;
}

/**
 * What of a document is there, whatever else is wrong with it: the rules between fields must report in one go with those
 * of single fields.
 */
interface Draft {
  mqtt: Record<string, unknown>;
  will: Record<string, unknown>;
  topics: unknown[];
}

/** The rules between fields that a document, valid or not, breaks. */
export function brokenRules(document: unknown): CrossFieldError[] {
  const draft = draftOf(document);
  return [...ackTimeout(draft), ...passwordNeedsUser(draft), ...connectFields(draft), ...duplicateTopics(draft)];
}

/** The same for a part of a document, where what is missing may come from elsewhere. */
export function brokenRulesOfPart(document: unknown): CrossFieldError[] {
  const draft = draftOf(document);
  return [...ackTimeout(draft), ...connectFields(draft), ...duplicateTopics(draft)];
}

/** What the manual advises against, though modules take it. */
export function configWarnings(document: unknown): FieldError[] {
  const { ackTimeoutS, keepAliveS } = draftOf(document).mqtt;
  if (typeof ackTimeoutS !== "number" || ackTimeoutS !== keepAliveS) return [];
  return [
    {
      path: "mqtt.ackTimeoutS",
      rule: "ack-timeout-below-keep-alive",
      message: `should be below keepAliveS (${ackTimeoutS}): §2.9 asks for less, though §3.1's sample is equal`,
    },
  ];
}

/** §2.1, note: a lost heart-beat goes undetected when the next one is due before its acknowledgement is overdue. */
function* ackTimeout({ mqtt: { ackTimeoutS, keepAliveS } }: Draft): Iterable<CrossFieldError> {
  if (typeof ackTimeoutS === "number" && typeof keepAliveS === "number" && ackTimeoutS > keepAliveS)
    yield {
      path: ["mqtt", "ackTimeoutS"],
      rule: "ack-timeout-below-keep-alive",
      message: `(${ackTimeoutS}) must not exceed keepAliveS (${keepAliveS}): lost heart-beats would go undetected (§2.1)`,
    };
}

/** MQTT 3.1.1 [3.1.2-22]: no password without a user name. */
function* passwordNeedsUser({ mqtt: { password, username } }: Draft): Iterable<CrossFieldError> {
  if (typeof password === "string" && username === undefined)
    yield { path: ["mqtt", "username"], rule: "required", message: "is required where there is a password" };
}

function* connectFields({ mqtt, will }: Draft): Iterable<CrossFieldError> {
  const fields = [mqtt.clientId, mqtt.username, mqtt.password, will.topic, will.message];
  const bytes = fields.reduce<number>((sum, field) => sum + (typeof field === "string" ? filledBytes(field) : 0), 0);
  if (bytes > LIMITS.connectFieldsBytes)
    yield {
      path: ["mqtt"],
      rule: "max-connect-bytes",
      message: `clientId, username, password and will have ${bytes} bytes together; the module takes ${LIMITS.connectFieldsBytes}`,
    };
}

function* duplicateTopics({ topics }: Draft): Iterable<CrossFieldError> {
  for (const [index, topic] of topics.entries()) {
    const first = topics.indexOf(topic);
    if (typeof topic === "string" && first < index)
      yield {
        path: ["subscriptions", index, "topic"],
        rule: "unique",
        message: `is the same as in subscriptions.${first}`,
      };
  }
}

function draftOf(document: unknown): Draft {
  const mqtt = recordOf(recordOf(document).mqtt);
  const subscriptions = recordOf(document).subscriptions;
  return {
    mqtt,
    will: recordOf(mqtt.will),
    topics: Array.isArray(subscriptions) ? subscriptions.map((entry) => recordOf(entry).topic) : [],
  };
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
