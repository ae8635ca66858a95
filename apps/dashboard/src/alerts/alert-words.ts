import type { AlertSummary } from "@mn316-fleet/contracts";
import type { Texts } from "../texts/en";

type What = Texts["alerts"]["what"];

/** What an alert says, in the page's language; a code that is newer than this page in the server's words. */
export function alertWords({ code, params, text }: AlertSummary, what: What): string {
  const isGroup = code.endsWith("-group");
  const kind = code.replace(/-group$/, "");
  if (!isKind(kind, what)) return text;
  const value = (name: string) => String(params[name] ?? "");
  const name = isGroup ? what.group(value("devices"), value("groupBy"), value("group")) : value("name");
  return what[kind](name, value(FACT[kind]));
}

/** Which of a kind's facts the words hold. */
const FACT: Record<Exclude<keyof What, "group">, string> = {
  "device-offline": "",
  "module-disconnected": "state",
  availability: "percent",
  flapping: "disconnects",
  timeouts: "perHour",
  "config-rolled-back": "version",
  "job-aborted": "reason",
};

function isKind(kind: string, what: What): kind is Exclude<keyof What, "group"> {
  return kind in what && kind !== "group";
}
