import { EXECUTION_REPORTS, reportedConfigSchema } from "@mn316-fleet/protocol";
import { z } from "zod";
import { idSchema } from "./common";
import { stepResultSchema } from "./jobs";

/** What a job would do to one of its targets, and to all others that report the same configuration. */
export const rehearsedSchema = z.object({
  /** The one that was stood for. */
  deviceId: idSchema,
  /** How many report the same. */
  devices: z.number().int(),
  /** What they report; null where they never did. */
  reported: reportedConfigSchema.nullable(),
  status: z.enum(EXECUTION_REPORTS),
  error: z.string().optional(),
  steps: z.array(stepResultSchema),
});

/** What would come of a job, tried on virtual modules; nothing was made or sent. */
export const rehearsalSchema = z.object({
  isRehearsal: z.literal(true),
  /** Targets of the job. */
  devices: z.number().int(),
  /** How many distinct configurations they report, and how many of these were tried: all, up to `bound` and a minute. */
  configurations: z.object({ distinct: z.number().int(), tried: z.number().int(), bound: z.number().int() }),
  /** Those whose configuration was tried. */
  tried: z.number().int(),
  /** Those of the tried that would not succeed. */
  failing: z.number().int(),
  /** One for each distinct configuration, the most frequent first. */
  samples: z.array(rehearsedSchema),
});
export type Rehearsal = z.infer<typeof rehearsalSchema>;
