import type { AlertKind, AlertRule, Severity, WriteAlertRuleInput } from "@mn316-fleet/contracts";

export type ParamName = "forS" | "underPercent" | "overS" | "disconnects" | "withinS" | "type" | "perHour" | "openForS";

/** What each kind of rule asks for, with what the form begins with. */
export const PARAMS: Record<AlertKind, Partial<Record<ParamName, number | string>>> = {
  "device-offline": { forS: 300 },
  "module-disconnected": { forS: 300 },
  availability: { underPercent: 95, overS: 86_400 },
  flapping: { disconnects: 4, withinS: 3_600 },
  timeouts: { type: "any", perHour: 6, overS: 3_600 },
  "config-rolled-back": {},
  "job-aborted": { openForS: 86_400 },
};

export interface RuleForm {
  name: string;
  description: string;
  kind: AlertKind;
  params: Partial<Record<ParamName, number | string>>;
  severity: Severity;
  clearAfterS: number | string;
  tags: string[];
  /** Of a rule that chooses its devices by more than tags; undefined where tags say it all. */
  selector: Record<string, unknown> | undefined;
  groupBy: "none" | "cell" | "tag";
  prefix: string;
  minDevices: number | string;
  groupWithinS: number | string;
  channelIds: string[];
  isEnabled: boolean;
}

/** The form of a rule that is there, or of a new one. */
export function formOf(rule: AlertRule | undefined): RuleForm {
  const { selector = { all: true }, groupBy = { by: "none" } } = rule ?? {};
  const { by, prefix, minDevices, withinS } = groupBy;
  const { tags } = selector;
  const isTags = Array.isArray(tags) && Object.keys(selector).length === 1;
  return {
    name: rule?.name ?? "",
    description: rule?.description ?? "",
    kind: rule?.kind ?? "device-offline",
    params: (rule?.params as RuleForm["params"] | undefined) ?? PARAMS["device-offline"],
    severity: rule?.severity ?? "warning",
    clearAfterS: rule?.clearAfterS ?? 120,
    tags: isTags ? tags.map(String) : [],
    selector: isTags || selector.all === true ? undefined : selector,
    groupBy: by === "cell" || by === "tag" ? by : "none",
    prefix: typeof prefix === "string" ? prefix : "",
    minDevices: typeof minDevices === "number" ? minDevices : 10,
    groupWithinS: typeof withinS === "number" ? withinS : 600,
    channelIds: rule?.channelIds ?? [],
    isEnabled: rule?.isEnabled ?? true,
  };
}

/** What the API takes. Numbers that were left empty are left out, so that the server names the field that lacks. */
export function bodyOf(form: RuleForm): WriteAlertRuleInput {
  const { name, description, kind, severity, channelIds, isEnabled, groupBy } = form;
  const params = Object.fromEntries(Object.entries(form.params).filter(([, value]) => value !== ""));
  const group = { ...numbers({ minDevices: form.minDevices, withinS: form.groupWithinS }) };
  const grouping =
    groupBy === "none" ? { by: groupBy } : { by: groupBy, ...(groupBy === "tag" && { prefix: form.prefix }), ...group };
  const selector = form.selector ?? (form.tags.length > 0 ? { tags: form.tags } : { all: true });
  // The server checks which parameters go with which kind; the form asks for those of the kind only.
  return {
    ...{ name, description, kind, params, severity, selector, channelIds, isEnabled },
    ...numbers({ clearAfterS: form.clearAfterS }),
    groupBy: kind === "job-aborted" ? { by: "none" } : grouping,
  } as WriteAlertRuleInput;
}

const numbers = (fields: Record<string, number | string>) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ""));
