import { JOB_KINDS } from "@mn316-fleet/protocol";
import { z } from "zod";
import { idSchema, pageOf, pageQueryShape, timeSchema } from "./common";
import { scheduleSchema, TARGET_MODES } from "./job-schedule";
import { rolloutSchema } from "./job-rollout";
import { windowSchema } from "./job-window";
import { selectorSchema } from "./selector";

export const EXECUTION_STATUSES = [
  "QUEUED",
  "SENT",
  "RUNNING",
  "CANCELING",
  "SUCCEEDED",
  "FAILED",
  "TIMED_OUT",
  "REJECTED",
  "CANCELED",
  "EXPIRED",
] as const;
export const executionStatusSchema = z.enum(EXECUTION_STATUSES);
export type ExecutionStatus = z.infer<typeof executionStatusSchema>;

export const JOB_STATUSES = ["SCHEDULED", "ROLLING_OUT", "COMPLETED", "ABORTED", "CANCELED"] as const;
export const jobStatusSchema = z.enum(JOB_STATUSES);
export type JobStatus = z.infer<typeof jobStatusSchema>;

export const jobCountsSchema = z.object({
  queued: z.number().int(),
  sent: z.number().int(),
  running: z.number().int(),
  succeeded: z.number().int(),
  failed: z.number().int(),
  timedOut: z.number().int(),
  rejected: z.number().int(),
  canceled: z.number().int(),
  expired: z.number().int(),
});
export type JobCounts = z.infer<typeof jobCountsSchema>;

export const jobSchema = z.object({
  id: idSchema,
  kind: z.enum(JOB_KINDS),
  status: jobStatusSchema,
  /** Nothing more is sent until it is resumed. */
  isPaused: z.boolean(),
  /** Why it was aborted. */
  reason: z.string().optional(),
  targets: z.object({
    mode: z.enum(["ids", ...TARGET_MODES]),
    selector: selectorSchema.optional(),
    /** Every device chosen so far has its execution. */
    isExpanded: z.boolean(),
  }),
  counts: jobCountsSchema,
  rollout: rolloutSchema.optional(),
  window: windowSchema.optional(),
  retries: z.number().int(),
  startAt: timeSchema.optional(),
  expiresAt: timeSchema,
  /** Of a job that is run again and again: when, and next when. */
  schedule: scheduleSchema.optional(),
  nextRunAt: timeSchema.optional(),
  /** The recurring job that this is a run of. */
  scheduleId: idSchema.optional(),
  createdAt: timeSchema,
  createdBy: z.string(),
});
export type Job = z.infer<typeof jobSchema>;
export const jobPageSchema = pageOf(jobSchema);
export const jobQuerySchema = z.strictObject({
  ...pageQueryShape,
  status: jobStatusSchema.optional(),
  /** Only the runs of this recurring job. */
  scheduleId: idSchema.optional(),
});
export type JobQuery = z.infer<typeof jobQuerySchema>;

export const stepResultSchema = z.object({
  command: z.string(),
  result: z.string(),
  output: z.array(z.string()),
  truncated: z.boolean().optional(),
  ms: z.number(),
});

/** An attempt that failed and was followed by another. */
const formerAttemptSchema = z.object({
  attempt: z.number().int(),
  status: executionStatusSchema,
  error: z.string().optional(),
  steps: z.array(stepResultSchema),
});

export const executionSchema = z.object({
  id: idSchema,
  jobId: idSchema,
  deviceId: idSchema,
  status: executionStatusSchema,
  attempt: z.number().int(),
  steps: z.array(stepResultSchema),
  /** The attempts before this one, the first first. */
  former: z.array(formerAttemptSchema).optional(),
  /** The next attempt waits until then. */
  notBefore: timeSchema.optional(),
  error: z.string().optional(),
  /** The result came after the server had given the execution up. */
  late: z.boolean().optional(),
});
export type Execution = z.infer<typeof executionSchema>;
export const executionPageSchema = pageOf(executionSchema);
export const executionQuerySchema = z.strictObject({ ...pageQueryShape, status: executionStatusSchema.optional() });
export type ExecutionQuery = z.infer<typeof executionQuerySchema>;
