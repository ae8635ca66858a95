import { CommandTimeoutError, type Mn316 } from "@mn316-fleet/mn316";
import type { ExecutionReport, Step } from "@mn316-fleet/protocol";
import { bounded, withoutPassword } from "./output";

/** What became of one step, as it is reported. */
export type StepReport = Pick<ExecutionReport, "step" | "command" | "result" | "output" | "truncated" | "ms">;

/** A step did not succeed. */
export class StepError extends Error {
  constructor(
    readonly status: "FAILED" | "TIMED_OUT",
    message: string,
    readonly report: StepReport,
  ) {
    super(message);
    this.name = "StepError";
  }
}

const DEFAULT_STEP_MS = 30_000;

/**
 * Runs one AT command.
 * @param leftMs what is left for the whole execution
 * @throws StepError where it was not answered OK, in time, or without what was expected; other errors when nothing was sent,
 *   among them PatternError where `expect` is none
 */
export async function runStep(
  driver: Mn316,
  { command, expect, timeoutS }: Step,
  index: number,
  { leftMs, signal, password }: { leftMs: number; signal: AbortSignal; password: string | undefined },
): Promise<StepReport> {
  const timeoutMs = Math.min(timeoutS === undefined ? DEFAULT_STEP_MS : timeoutS * 1_000, leftMs);
  const base = { step: index, command };
  const isExpected = expect === undefined ? undefined : await readExpectation(expect);
  try {
    const { result, output, truncated, ms } = await driver.exec(command, { timeoutMs, signal });
    const kept = bounded(withoutPassword(output, password), truncated);
    const report: StepReport = { ...base, result, ...kept, ms };
    if (result !== "OK") throw new StepError("FAILED", `step ${index + 1} was answered ${result}`, report);
    if (isExpected && !output.some(isExpected))
      throw new StepError("FAILED", `step ${index + 1}: what was expected ("${expect}") is not in the output`, report);
    return report;
  } catch (error) {
    if (!(error instanceof CommandTimeoutError)) throw error;
    const report = { ...base, result: "timeout", ...bounded(withoutPassword(error.output, password)), ms: timeoutMs };
    throw new StepError("TIMED_OUT", `step ${index + 1} was not answered within ${timeoutMs / 1_000} s`, report);
  }
}

/** The engine of patterns takes 3 MB, which an agent pays for only once it is asked for one. */
async function readExpectation(expect: string): Promise<(line: string) => boolean> {
  const { expectation } = await import("@mn316-fleet/protocol/expectation");
  return expectation(expect);
}
