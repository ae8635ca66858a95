import { z } from "zod";

/** How a job spreads over its devices, and when it stops by itself. */
export const rolloutSchema = z
  .strictObject({
    /** Devices a minute; as fast as `concurrent` lets it unless given. */
    perMinute: z.number().min(0.1).max(600_000).optional(),
    /** Multiplies the rate again and again. */
    growth: z
      .strictObject({ factor: z.number().gt(1).max(10), everyS: z.number().int().min(1).max(86_400) })
      .optional(),
    /** Devices at work at the same time. */
    concurrent: z.number().int().min(1).max(100_000).default(100),
    /** So many devices first; the others after all of them have ended well and `waitS` seconds have passed. */
    canary: z
      .strictObject({
        devices: z.number().int().min(1).max(10_000),
        waitS: z.number().int().min(0).max(604_800).default(0),
      })
      .optional(),
    /** Ends the job when of at least `minExecuted` executions so many percent failed or timed out. */
    abort: z
      .strictObject({
        failedPercent: z.number().gt(0).max(100),
        minExecuted: z.number().int().min(1).max(1_000_000).default(1),
      })
      .optional(),
  })
  .refine(({ growth, perMinute }) => !growth || perMinute !== undefined, {
    path: ["growth"],
    error: "needs `perMinute`, the rate that it multiplies",
    params: { rule: "needs-rate" },
  });
export type Rollout = z.infer<typeof rolloutSchema>;
