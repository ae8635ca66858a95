import type { ExecutionStatus } from "@mn316-fleet/contracts";
import type { JobKind } from "@mn316-fleet/protocol";

/** What a job says of further attempts. */
export interface RetryRules {
  kind: JobKind;
  retries: number;
  repeatable: boolean;
}

/** Kinds that do the same if they are done twice. */
const HARMLESS: ReadonlySet<JobKind> = new Set(["reconnect", "probe", "configure"]);
/** An agent that died in an execution says so; how far it came nobody knows. */
const INTERRUPTED = "interrupted";

/**
 * Whether an execution that ended so is tried again. What certainly failed may be; what may have run only where running
 * it twice does no harm; what was refused, canceled or expired never.
 */
export function mayTryAgain(
  { kind, retries, repeatable }: RetryRules,
  { attempt, status, error }: { attempt: number; status: ExecutionStatus; error: string | null },
): boolean {
  if (attempt > retries) return false;
  if (status === "FAILED" && error !== INTERRUPTED) return true;
  return (status === "FAILED" || status === "TIMED_OUT") && (repeatable || HARMLESS.has(kind));
}
