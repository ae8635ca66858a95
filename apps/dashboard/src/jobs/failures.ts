import type { Execution } from "@mn316-fleet/contracts";

/** Executions that failed in the same way. */
export interface FailureGroup {
  /** What went wrong, in the words of the agent or the module. */
  why: string;
  executions: Execution[];
}

/** Groups failed executions by what they say, the largest group first; numbers that differ make no difference. */
export function groupFailures(executions: readonly Execution[]): FailureGroup[] {
  const groups = new Map<string, FailureGroup>();
  for (const execution of executions) {
    const why = whyOf(execution);
    const key = why.replaceAll(/\d+/g, "#");
    const group = groups.get(key);
    if (group) group.executions.push(execution);
    else groups.set(key, { why, executions: [execution] });
  }
  return [...groups.values()].sort((a, b) => b.executions.length - a.executions.length);
}

function whyOf({ status, error, steps }: Execution): string {
  const last = steps.at(-1);
  const said = last && [last.result, ...last.output].join(" ");
  return [error ?? status, ...(last && said !== undefined ? [`${last.command} → ${said}`] : [])].join(" · ");
}
