import type { AlertKind, AlertSummary } from "@mn316-fleet/contracts";

type Params = AlertSummary["params"];

const SINGLE: Record<AlertKind, (params: Params) => string> = {
  "device-offline": ({ name, since }) => `${name} is offline since ${since}`,
  "module-disconnected": ({ name, state, since }) => `The module of ${name} is not connected (${state}) since ${since}`,
  availability: ({ name, percent }) => `${name} is available ${percent} % of the time`,
  flapping: ({ name, disconnects }) => `The module of ${name} lost its connection ${disconnects} times`,
  timeouts: ({ name, perHour }) => `The module of ${name} reports ${perHour} timeouts an hour`,
  "config-rolled-back": ({ name, version }) => `${name} went back from configuration ${version} to its last good one`,
  "job-aborted": ({ jobKind, reason }) => `A ${jobKind} job was aborted${reason === null ? "" : `: ${reason}`}`,
};

const TOGETHER: Record<Exclude<AlertKind, "job-aborted">, string> = {
  "device-offline": "are offline",
  "module-disconnected": "have a module that is not connected",
  availability: "are too little available",
  flapping: "lose their connection again and again",
  timeouts: "report too many timeouts",
  "config-rolled-back": "went back to their last good configuration",
};

/** What a summary says, in English, for mails and for whoever has no texts of its own. */
export function summaryText(code: string, params: Params): string {
  const kind = code.replace(/-group$/, "") as AlertKind;
  if (kind === code || kind === "job-aborted") return SINGLE[kind](params);
  const { groupBy, group, devices, since } = params;
  return `${devices} devices of ${groupBy} ${group} ${TOGETHER[kind]} since ${since}`;
}
