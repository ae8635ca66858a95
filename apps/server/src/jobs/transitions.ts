import type { ExecutionStatus } from "@mn316-fleet/contracts";
import type { ExecutionReportStatus } from "@mn316-fleet/protocol";

/** What the server itself does to an execution. */
export type ServerAction =
  "send" | "undelivered" | "refuse" | "cancel" | "ask-cancel" | "expire" | "time-out" | "try-again";

/**
 * The states of an execution. What is not listed does not happen: a compare-and-set on the present status makes the
 * later of two racing transitions find nothing to do. What was sent is not canceled but asked to end (`CANCELING`): its
 * command may be on the line, so only the agent knows, and its word is what stands. `try-again` begins the next attempt,
 * in place of an end that the job's rules let be repeated; what is to be canceled is not.
 */
export const TRANSITIONS: Record<ExecutionStatus, Partial<Record<ServerAction, ExecutionStatus>>> = {
  QUEUED: { send: "SENT", refuse: "REJECTED", cancel: "CANCELED", expire: "EXPIRED", "try-again": "QUEUED" },
  SENT: { undelivered: "QUEUED", "ask-cancel": "CANCELING", expire: "EXPIRED", "try-again": "QUEUED" },
  RUNNING: { "ask-cancel": "CANCELING", "time-out": "TIMED_OUT", "try-again": "QUEUED" },
  CANCELING: { "time-out": "TIMED_OUT" },
  SUCCEEDED: {},
  FAILED: {},
  TIMED_OUT: {},
  REJECTED: {},
  CANCELED: {},
  EXPIRED: {},
};

/** The statuses from which nothing leads on, save a report that comes late. */
export const FINAL_STATUSES = ["SUCCEEDED", "FAILED", "TIMED_OUT", "REJECTED", "CANCELED", "EXPIRED"] as const;
/** On its way to a device or running there; at most one a device. */
export const IN_FLIGHT_STATUSES = ["SENT", "RUNNING", "CANCELING"] as const;

export function isFinal(status: ExecutionStatus): boolean {
  return (FINAL_STATUSES as readonly ExecutionStatus[]).includes(status);
}

/** The statuses that an action may find, for the compare-and-set. */
export function sourcesOf(action: ServerAction): ExecutionStatus[] {
  return (Object.keys(TRANSITIONS) as ExecutionStatus[]).filter((status) => TRANSITIONS[status][action] !== undefined);
}

/** What the rules below need to know of an execution. */
export interface ExecutionState {
  status: ExecutionStatus;
  /** The server ended it after it was sent, without hearing of it. */
  givenUp: boolean;
  late: boolean;
}

/**
 * What a report of an agent makes of an execution. Reports come more than once and out of order: one that tells nothing
 * new changes nothing, the first final one stands, and only what the server gave up by itself is replaced, marked late.
 */
export function afterReport(state: ExecutionState, report: ExecutionReportStatus): ExecutionState {
  if (report === "RUNNING") return state.status === "SENT" ? { ...state, status: "RUNNING" } : state;
  if (!isFinal(state.status)) return { ...state, status: report };
  return state.givenUp ? { status: report, givenUp: false, late: true } : state;
}
