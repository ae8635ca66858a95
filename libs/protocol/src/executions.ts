import { z } from "zod";
import { MAX_COUNT } from "./limits";

/** What a job does on a device. */
export const JOB_KINDS = ["at", "reconnect", "restart", "probe", "configure"] as const;
export type JobKind = (typeof JOB_KINDS)[number];

/** What an agent may say of an execution; all but the first are final. */
export const EXECUTION_REPORTS = ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "REJECTED", "CANCELED"] as const;
export type ExecutionReportStatus = (typeof EXECUTION_REPORTS)[number];

/** One AT command to run: a line of its output must hold `expect` (see `expectation`), `timeoutS` bounds it. */
export const stepSchema = z.object({
  command: z.string(),
  expect: z.string().optional(),
  timeoutS: z.number().optional(),
});
export type Step = z.infer<typeof stepSchema>;

/**
 * What an agent says of an execution, whether as an event of its outbox (the usual way) or as a frame: a `RUNNING` when
 * it begins and one after each step, then one final status, which carries the last step.
 */
export const executionReportShape = {
  execution: z.uuid(),
  attempt: z.number().int().min(1).max(MAX_COUNT),
  status: z.enum(EXECUTION_REPORTS),
  /** Index of the step that the fields below tell of, from 0. */
  step: z.number().int().min(0).max(63).optional(),
  command: z.string().max(4096).optional(),
  /** The step's final result code (`OK`, `ERROR`, `+CME ERROR:3`), or why there is none (`timeout`, `interrupted`). */
  result: z.string().max(1024).optional(),
  output: z.array(z.string()).max(10_000).optional(),
  /** Set when the output was cut at `MAX_OUTPUT_BYTES`. */
  truncated: z.boolean().optional(),
  ms: z.number().min(0).optional(),
  error: z.string().max(4096).optional(),
};
export const executionReportSchema = z.object(executionReportShape);
export type ExecutionReport = z.infer<typeof executionReportSchema>;
