import { EXECUTION_STATUSES, type ExecutionStatus } from "@mn316-fleet/contracts";
import { EXECUTION_REPORTS, type ExecutionReportStatus } from "@mn316-fleet/protocol";
import fc from "fast-check";
import {
  afterReport,
  type ExecutionState,
  FINAL_STATUSES,
  isFinal,
  type ServerAction,
  sourcesOf,
  TRANSITIONS,
} from "./transitions";

const ACTIONS = ["send", "undelivered", "refuse", "cancel", "ask-cancel", "expire", "time-out"] as const;
const QUEUED: ExecutionState = { status: "QUEUED", givenUp: false, late: false };

type Step = { by: "server"; action: ServerAction } | { by: "agent"; report: ExecutionReportStatus };

function apply(state: ExecutionState, step: Step): ExecutionState {
  if (step.by === "agent") return afterReport(state, step.report);
  const next = TRANSITIONS[state.status][step.action];
  if (!next) return state;
  return { ...state, status: next, givenUp: isFinal(next) && state.status !== "QUEUED" };
}

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.constantFrom(...ACTIONS).map((action): Step => ({ by: "server", action })),
  fc.constantFrom(...EXECUTION_REPORTS).map((report): Step => ({ by: "agent", report })),
);

describe("the states of an execution", () => {
  it("lead on from every status that is not final, and from none that is", () => {
    for (const status of EXECUTION_STATUSES) expect(Object.keys(TRANSITIONS[status]).length > 0).toBe(!isFinal(status));
    expect(EXECUTION_STATUSES.filter(isFinal)).toEqual(
      EXECUTION_STATUSES.filter((s) => FINAL_STATUSES.includes(s as never)),
    );
  });

  it.each<[ServerAction, ExecutionStatus[]]>([
    ["send", ["QUEUED"]],
    ["undelivered", ["SENT"]],
    ["refuse", ["QUEUED"]],
    ["cancel", ["QUEUED"]],
    ["ask-cancel", ["SENT", "RUNNING"]],
    ["expire", ["QUEUED", "SENT"]],
    ["time-out", ["RUNNING", "CANCELING"]],
    ["try-again", ["QUEUED", "SENT", "RUNNING"]],
  ])("%s from %j", (action, sources) => {
    expect(sourcesOf(action)).toEqual(sources);
  });

  it("end once: what the agent said last stands against everything but nothing", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let state = QUEUED;
        let decidedBy: ExecutionReportStatus | undefined;
        for (const next of steps) {
          const before = state;
          state = apply(state, next);
          // The model: the first final word of the agent decides, unless the server ended what was never sent.
          if (next.by === "agent" && next.report !== "RUNNING" && (!isFinal(before.status) || before.givenUp))
            decidedBy ??= next.report;
          if (decidedBy) expect(state).toMatchObject({ status: decidedBy, givenUp: false });
          if (isFinal(before.status) && !before.givenUp) expect(state).toEqual(before);
          expect(state.late).toBe(before.late || (before.givenUp && !state.givenUp));
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("are the same for repeated reports", () => {
    fc.assert(
      fc.property(fc.constantFrom(...EXECUTION_STATUSES), fc.constantFrom(...EXECUTION_REPORTS), (status, report) => {
        const once = afterReport({ status, givenUp: false, late: false }, report);
        expect(afterReport(once, report)).toEqual(once);
      }),
    );
  });
});
