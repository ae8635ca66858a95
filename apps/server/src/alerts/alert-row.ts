import type { Alert, AlertKind, AlertSummary, Severity } from "@mn316-fleet/contracts";
import { summaryText } from "./summary-text";

/** An alert as the database holds it. */
export interface AlertRow {
  id: string;
  ruleId: string | null;
  ruleName: string;
  kind: AlertKind;
  severity: Severity;
  subjectId: string | null;
  subjectName: string | null;
  groupBy: "cell" | "tag" | null;
  groupKey: string | null;
  facts: Record<string, string | number | null>;
  since: Date;
  firedAt: Date;
  devices: number;
  isSilenced: boolean;
  acknowledgedAt: Date | null;
  acknowledgedBy: string | null;
  note: string | null;
  resolvedAt: Date | null;
  resolution: Alert["resolution"];
  foldedInto: string | null;
}

/** The columns of an `AlertRow`, of `alert a`. */
export const ALERT_COLUMNS = `a.id, a.rule_id AS "ruleId", a.rule_name AS "ruleName", a.kind, a.severity,
  a.subject_id AS "subjectId", a.subject_name AS "subjectName", a.group_by AS "groupBy", a.group_key AS "groupKey", a.facts,
  a.since, a.fired_at AS "firedAt", a.devices, a.is_silenced AS "isSilenced", a.acknowledged_at AS "acknowledgedAt",
  a.acknowledged_by AS "acknowledgedBy", a.note, a.resolved_at AS "resolvedAt", a.resolution, a.folded_into AS "foldedInto"`;

export function toAlert(row: AlertRow): Alert {
  const { id, ruleId, kind, severity, subjectId, groupBy, groupKey, devices, isSilenced } = row;
  const isOfJob = kind === "job-aborted";
  return {
    id,
    ruleId,
    rule: row.ruleName,
    kind,
    severity,
    state: row.resolvedAt ? "resolved" : row.acknowledgedAt ? "acknowledged" : "firing",
    summary: summaryOf(row),
    since: row.since.toISOString(),
    firedAt: row.firedAt.toISOString(),
    deviceId: isOfJob ? null : subjectId,
    jobId: isOfJob ? subjectId : null,
    group: groupBy !== null && groupKey !== null ? { by: groupBy, key: groupKey } : null,
    devices,
    isSilenced,
    acknowledgedAt: row.acknowledgedAt?.toISOString() ?? null,
    acknowledgedBy: row.acknowledgedBy,
    note: row.note,
    resolvedAt: row.resolvedAt?.toISOString() ?? null,
    resolution: row.resolution,
    foldedInto: row.foldedInto,
  };
}

function summaryOf({ kind, subjectName, groupBy, groupKey, devices, facts, since }: AlertRow): AlertSummary {
  const what: AlertSummary["params"] =
    groupKey === null ? { name: subjectName ?? "" } : { groupBy, group: groupKey, devices };
  const code = groupKey === null ? kind : `${kind}-group`;
  const params = { ...what, ...facts, since: since.toISOString() };
  return { code, params, text: summaryText(code, params) };
}
