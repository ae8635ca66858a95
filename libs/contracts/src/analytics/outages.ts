import { CAUSES } from "@mn316-fleet/protocol";
import { z } from "zod";
import { idSchema, timeSchema } from "../common";
import { answerShape, countSchema, groupByShape, groupShape, limitSchema, questionShape } from "./question";

const seconds = z.number().min(0);
const mean = seconds.nullable();
const outageFigures = {
  /** Outages that began in the range, but for those that were asked for. */
  outages: countSchema,
  /** Of these: not over yet. */
  ongoing: countSchema,
  /** Outages that began in the range because the agent or a job asked for it. */
  requested: countSchema,
  /** Connected time in the range, a failure; null where there was none. */
  mtbfSeconds: mean,
  /** How long a failure that is over was seen to last; null where there was none. */
  mttrSeconds: mean,
  longestSeconds: mean,
};

export const outagesQuerySchema = z.strictObject({
  ...questionShape,
  ...groupByShape,
  cause: z.enum(CAUSES).optional(),
});
export type OutagesQuery = z.infer<typeof outagesQuerySchema>;
export const outagesSchema = z.object({
  ...answerShape,
  ...outageFigures,
  connectedSeconds: seconds,
  /** Outages that are over, also requested ones, by duration on the fixed logarithmic scale; the last has no end. */
  distribution: z.array(z.object({ fromSeconds: seconds, toSeconds: mean, outages: countSchema })),
  /** The longest ones. */
  rows: z.array(
    z.object({
      deviceId: idSchema,
      name: z.string(),
      began: timeSchema,
      ended: timeSchema.nullable(),
      /** How long it was seen to last. */
      seconds,
      /** How much longer it lasted, or may have, without an agent to see it. */
      unknownSeconds: seconds,
      cause: z.enum(CAUSES),
      cell: z.string().nullable(),
    }),
  ),
  /** Those with the most outages first. */
  groups: z.array(z.object({ ...groupShape, ...outageFigures })).optional(),
});
export type Outages = z.infer<typeof outagesSchema>;

export const correlatedQuerySchema = z.strictObject({
  ...questionShape,
  limit: limitSchema,
  /** What the devices have in common. */
  by: z.enum(["cell", "tag"]).default("cell"),
  /** Their outages began within so long. */
  windowS: z.coerce.number().int().min(1).max(86_400).default(300),
  minDevices: z.coerce.number().int().min(2).max(100_000).default(3),
});
export type CorrelatedQuery = z.infer<typeof correlatedQuerySchema>;
/** How many devices of an incident are named. */
export const NAMED_DEVICES = 100;
export const correlatedSchema = z.object({
  ...answerShape,
  by: z.enum(["cell", "tag"]),
  windowS: countSchema,
  minDevices: countSchema,
  /** The latest first. */
  rows: z.array(
    z.object({
      group: z.string(),
      /** When the first of its outages began, and the last. */
      began: timeSchema,
      lastBegan: timeSchema,
      /** Devices, each counted once. */
      devices: countSchema,
      /** The cause that most of them have. */
      cause: z.enum(CAUSES),
      deviceIds: z.array(idSchema).max(NAMED_DEVICES),
    }),
  ),
});
export type Correlated = z.infer<typeof correlatedSchema>;
