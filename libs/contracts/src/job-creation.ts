import { JOB_KINDS } from "@mn316-fleet/protocol";
import { expectation, PatternError } from "@mn316-fleet/protocol/expectation";
import { z } from "zod";
import { atCommandSchema } from "./at-command";
import { idSchema, plainTextSchema, timeSchema } from "./common";
import { rolloutSchema } from "./job-rollout";
import { DEFAULT_LIFETIME_S, scheduleSchema, TARGET_MODES } from "./job-schedule";
import { opensWithin, windowSchema } from "./job-window";
import { selectorSchema } from "./selector";

/** The longest wait between two attempts. */
export const MAX_BACKOFF_S = 3_600;
const LATEST_START_MS = 366 * 86_400_000;

const future = timeSchema.refine((time) => Date.parse(time) > Date.now(), {
  error: "must be in the future",
  params: { rule: "future" },
});

export const jobStepSchema = z.strictObject({
  command: atCommandSchema,
  /** What a line of the step's output must hold, or the step fails: a text, or a pattern in RE2's syntax between slashes. */
  expect: plainTextSchema
    .min(1)
    .max(256)
    .superRefine((expect, context) => {
      try {
        expectation(expect);
      } catch (error) {
        if (!(error instanceof PatternError)) throw error;
        context.addIssue({ code: "custom", message: error.message, params: { rule: "pattern" } });
      }
    })
    .optional(),
  timeoutS: z.number().min(1).max(600).optional(),
});

const targetsSchema = z
  .strictObject({
    deviceIds: z.array(idSchema.toLowerCase()).min(1).max(10_000).optional(),
    selector: selectorSchema.optional(),
    /** How a selector is meant; `snapshot` unless given. */
    mode: z.enum(TARGET_MODES).optional(),
  })
  .superRefine(({ deviceIds, selector, mode }, context) => {
    const refuse = (path: PropertyKey[], rule: string, message: string) => {
      context.addIssue({ code: "custom", path, message, params: { rule } });
    };
    if (!deviceIds && !selector) refuse([], "required", "must be `deviceIds` or a `selector`");
    if (deviceIds && selector) refuse(["selector"], "not-both", "cannot stand beside `deviceIds`");
    if (deviceIds && mode !== undefined) refuse(["mode"], "not-allowed", "is for a `selector`");
    const seen = new Set<string>();
    for (const [index, id] of (deviceIds ?? []).entries()) {
      if (seen.has(id)) refuse(["deviceIds", index], "unique", "is listed twice");
      seen.add(id);
    }
  });

export const createJobSchema = z
  .strictObject({
    kind: z.enum(JOB_KINDS),
    targets: targetsSchema,
    steps: z.array(jobStepSchema).min(1).max(32).optional(),
    rollout: rolloutSchema.optional(),
    window: windowSchema.optional(),
    /** Bound of each execution, from its begin on the device, in seconds. */
    timeoutS: z.number().int().min(1).max(3_600).default(60),
    /** Further attempts of an execution that failed or timed out. */
    retries: z.number().int().min(0).max(10).default(0),
    /** Before the first further attempt, in seconds; doubled before each one after it. */
    backoffS: z.number().int().min(1).max(MAX_BACKOFF_S).default(10),
    /** The steps may run twice without harm, so that they are tried again even if nobody knows whether they ran. */
    repeatable: z.boolean().default(false),
    startAt: future
      .refine((time) => Date.parse(time) < Date.now() + LATEST_START_MS, {
        error: "must be within a year",
        params: { rule: "within-a-year" },
      })
      .optional(),
    /** Executions that did not begin by then expire; a day after the start unless given. */
    expiresAt: future.optional(),
    schedule: scheduleSchema.optional(),
    /** Tries it on virtual modules that stand for the targets, and shows the outcome; nothing is made or sent. */
    rehearse: z.boolean().default(false),
  })
  .superRefine((job, context) => {
    const refuse = (field: string, rule: string, message: string) => {
      context.addIssue({ code: "custom", path: [field], message, params: { rule } });
    };
    const { kind, steps, schedule, startAt, expiresAt, window } = job;
    if (kind === "at" && !steps) refuse("steps", "required", "an `at` job needs steps");
    if (kind !== "at" && steps) refuse("steps", "not-allowed", `a \`${kind}\` job takes no steps`);
    if (kind !== "at" && job.repeatable) refuse("repeatable", "not-allowed", "is for the steps of an `at` job");
    if (schedule && startAt !== undefined) refuse("startAt", "not-allowed", "a recurring job starts by its `schedule`");
    if (schedule && expiresAt !== undefined)
      refuse("expiresAt", "not-allowed", "the runs of a recurring job live for `schedule.lifetimeS`");
    if (schedule?.until !== undefined && Date.parse(schedule.until) <= Date.now())
      refuse("schedule", "future", "`until` must be in the future");
    const startMs = startAt === undefined ? Date.now() : Date.parse(startAt);
    const lifetimeMs = (schedule?.lifetimeS ?? DEFAULT_LIFETIME_S) * 1_000;
    const endMs = expiresAt === undefined ? startMs + lifetimeMs : Date.parse(expiresAt);
    if (endMs <= startMs) refuse("expiresAt", "after-start", "must be after `startAt`");
    else if (worstCaseS(job) * 1_000 > endMs - startMs)
      refuse("retries", "fits-lifetime", "all attempts and the waits between them must fit before the job expires");
    if (window && !schedule && endMs > startMs && !opensWithin(window, startMs, endMs))
      refuse("window", "opens", "does not open between the job's start and its end");
  });
export type CreateJob = z.infer<typeof createJobSchema>;
/** What a caller sends: all that has a default may be left out. */
export type CreateJobInput = z.input<typeof createJobSchema>;

/** The wait before an attempt, in seconds. @param attempt of which it is the wait: 2 for the first further one */
export function backoffBefore(attempt: number, backoffS: number): number {
  return Math.min(MAX_BACKOFF_S, backoffS * 2 ** (attempt - 2));
}

/** Every further attempt runs into its time-out, and its wait before. */
function worstCaseS({ retries, timeoutS, backoffS }: { retries: number; timeoutS: number; backoffS: number }): number {
  let seconds = 0;
  for (let attempt = 2; attempt <= retries + 1; attempt++) seconds += timeoutS + backoffBefore(attempt, backoffS);
  return seconds;
}
