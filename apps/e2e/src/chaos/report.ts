import type { Outcome } from "./round";

/** Totals of a run. */
export interface Summary {
  seed: number;
  faults: number;
  failed: number;
  lost: number;
  doubled: number;
  stuck: number;
  otherProblems: number;
}

/** One line: what was done, what was compared, and how it went; each problem on a line below. */
export function inWords({ name, does, lastedS, settledS, events, executions, problems }: Outcome): string {
  const verdict = problems.length === 0 ? "passed" : "FAILED";
  const checked = `${events} events and ${executions} executions compared`;
  const lines = problems.map(({ kind, text }) => `    ${kind}: ${text}\n`);
  return `${verdict}  ${name}: ${does} (${lastedS} s; well again after ${settledS} s; ${checked})\n${lines.join("")}`;
}

export function summarize(seed: number, outcomes: readonly Outcome[]): Summary {
  const problems = outcomes.flatMap((outcome) => outcome.problems);
  const count = (kind: string) => problems.filter((problem) => problem.kind === kind).length;
  const [lost, doubled, stuck] = [count("lost"), count("doubled"), count("stuck")];
  return {
    seed,
    faults: outcomes.length,
    failed: outcomes.filter((outcome) => outcome.problems.length > 0).length,
    ...{ lost, doubled, stuck },
    otherProblems: problems.length - lost - doubled - stuck,
  };
}
