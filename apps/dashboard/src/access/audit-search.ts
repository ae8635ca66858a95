import { AUDIT_OUTCOMES, type AuditQuery } from "@mn316-fleet/contracts";

/** What the audit is narrowed to; lives in the address. Days are the browser's, `to` included. */
export interface AuditSearch {
  actor?: string;
  action?: string;
  resource?: string;
  outcome?: (typeof AUDIT_OUTCOMES)[number];
  from?: string;
  to?: string;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const MAX_CHARACTERS = 128;

/** Reads filters from an address; what makes no sense is left out. */
export function readAuditSearch(search: Record<string, unknown>): AuditSearch {
  const text = (name: string) => {
    const value = search[name];
    return typeof value === "string" && value !== "" ? { [name]: value.slice(0, MAX_CHARACTERS) } : {};
  };
  const day = (name: string) => {
    const value = search[name];
    const isDay = typeof value === "string" && DAY.test(value) && !Number.isNaN(Date.parse(value));
    return isDay ? { [name]: value } : {};
  };
  const outcome = AUDIT_OUTCOMES.find((known) => known === search.outcome);
  return {
    ...text("actor"),
    ...text("action"),
    ...text("resource"),
    ...(outcome && { outcome }),
    ...day("from"),
    ...day("to"),
  };
}

/** The same as the API takes it: moments, `to` exclusive. */
export function auditQuery({ from, to, ...rest }: AuditSearch): Partial<AuditQuery> {
  const midnight = (day: string) => new Date(`${day}T00:00:00`);
  const end = to === undefined ? undefined : midnight(to);
  end?.setDate(end.getDate() + 1);
  return {
    ...rest,
    ...(from !== undefined && { from: midnight(from).toISOString() }),
    ...(end && { to: end.toISOString() }),
  };
}
