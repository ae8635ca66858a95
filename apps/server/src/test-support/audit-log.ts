import type { AuditEntry } from "@mn316-fleet/contracts";
import type { HttpAnswer } from "./test-app";

/** Reads the audit trail as its readers do. */
export async function auditOf(
  server: { ok(method: string, resource: string): Promise<HttpAnswer["body"]> },
  filter: Record<string, string> = {},
): Promise<AuditEntry[]> {
  const query = new URLSearchParams({ limit: "500", ...filter });
  return (await server.ok("GET", `audit?${query.toString()}`)).items as AuditEntry[];
}
