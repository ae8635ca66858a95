import { JOB_KINDS } from "@mn316-fleet/protocol";
import { z } from "zod";
import { idSchema, pageOf, pageQueryShape, plainTextSchema, timeSchema } from "./common";

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

/** An AT command as an operator may send it: one command, on one line. */
export const atCommandSchema = z
  .string()
  .min(2)
  .max(1024)
  .refine((command) => /^at/i.test(command), { error: "must begin with AT", params: { rule: "at-prefix" } })
  // eslint-disable-next-line no-control-regex -- control characters are the very thing that is refused
  .refine((command) => !/[\u0000-\u001f\u007f]/.test(command), {
    error: "must not hold CR, LF, NUL or another control character",
    params: { rule: "no-control-characters" },
  })
  .refine((command) => !/[\u0080-\uffff]/.test(command), {
    error: "must be printable ASCII",
    params: { rule: "printable-ascii" },
  })
  .refine((command) => !command.replace(/"[^"]*"/g, "").includes(";"), {
    error: "must not chain commands with ';'",
    params: { rule: "no-chaining" },
  });

export const jobStepSchema = z.strictObject({
  command: atCommandSchema,
  /** Text that must occur in the step's output, or the step fails. */
  expect: plainTextSchema.min(1).max(256).optional(),
  timeoutS: z.number().min(1).max(600).optional(),
});

export const createJobSchema = z
  .strictObject({
    kind: z.enum(JOB_KINDS),
    targets: z.strictObject({ deviceIds: z.array(idSchema.toLowerCase()).min(1).max(10_000) }),
    steps: z.array(jobStepSchema).min(1).max(32).optional(),
    /** Bound of each execution, from its begin on the device, in seconds. */
    timeoutS: z.number().int().min(1).max(3_600).default(60),
    /** Executions that did not begin by then expire; default a day from now. */
    expiresAt: timeSchema
      .refine((time) => Date.parse(time) > Date.now(), { error: "must be in the future", params: { rule: "future" } })
      .optional(),
  })
  .superRefine((job, context) => {
    const seen = new Set<string>();
    for (const [index, id] of job.targets.deviceIds.entries()) {
      if (seen.has(id))
        context.addIssue({
          code: "custom",
          path: ["targets", "deviceIds", index],
          message: "is listed twice",
          params: { rule: "unique" },
        });
      seen.add(id);
    }
    if (job.kind === "at" && !job.steps)
      context.addIssue({
        code: "custom",
        path: ["steps"],
        message: "an `at` job needs steps",
        params: { rule: "required" },
      });
    if (job.kind !== "at" && job.steps)
      context.addIssue({
        code: "custom",
        path: ["steps"],
        message: `a \`${job.kind}\` job takes no steps`,
        params: { rule: "not-allowed" },
      });
  });
export type CreateJob = z.infer<typeof createJobSchema>;
/** What a caller sends: all that has a default may be left out. */
export type CreateJobInput = z.input<typeof createJobSchema>;

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
  counts: jobCountsSchema,
  createdAt: timeSchema,
  createdBy: z.string(),
});
export type Job = z.infer<typeof jobSchema>;
export const jobPageSchema = pageOf(jobSchema);
export const jobQuerySchema = z.strictObject({ ...pageQueryShape, status: jobStatusSchema.optional() });
export type JobQuery = z.infer<typeof jobQuerySchema>;

export const executionSchema = z.object({
  id: idSchema,
  jobId: idSchema,
  deviceId: idSchema,
  status: executionStatusSchema,
  attempt: z.number().int(),
  steps: z.array(
    z.object({
      command: z.string(),
      result: z.string(),
      output: z.array(z.string()),
      truncated: z.boolean().optional(),
      ms: z.number(),
    }),
  ),
  error: z.string().optional(),
  /** The result came after the server had given the execution up. */
  late: z.boolean().optional(),
});
export type Execution = z.infer<typeof executionSchema>;
export const executionPageSchema = pageOf(executionSchema);
export const executionQuerySchema = z.strictObject({ ...pageQueryShape, status: executionStatusSchema.optional() });
export type ExecutionQuery = z.infer<typeof executionQuerySchema>;
