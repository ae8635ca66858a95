import { z } from "zod";
import { idSchema, timeSchema } from "../common";
import { answerShape, bucketSchema, countSchema, groupByShape, groupShape, questionShape } from "./question";

const dbm = z.number().nullable();
const levels = {
  samples: countSchema,
  /** The mean of all samples in which the module knew its signal. */
  meanDbm: dbm,
  minDbm: dbm,
  maxDbm: dbm,
};

export const signalQuerySchema = z.strictObject({
  ...questionShape,
  ...groupByShape,
  bucket: bucketSchema.default("hour"),
});
export type SignalQuery = z.infer<typeof signalQuerySchema>;
export const signalSchema = z.object({
  ...answerShape,
  bucket: bucketSchema,
  ...levels,
  rows: z.array(z.object({ at: timeSchema, ...levels })),
  /** Devices by their mean in the range, from the weakest; a bound of null is open. */
  distribution: z.array(z.object({ fromDbm: dbm, belowDbm: dbm, devices: countSchema })),
  /** The devices with the weakest mean. */
  worst: z.array(z.object({ deviceId: idSchema, name: z.string(), ...levels })),
  /** Of the whole range, the weakest first. */
  groups: z.array(z.object({ ...groupShape, ...levels })).optional(),
});
export type Signal = z.infer<typeof signalSchema>;
