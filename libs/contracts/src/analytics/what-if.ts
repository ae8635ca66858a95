import { LIMITS } from "@mn316-fleet/manual";
import { z } from "zod";
import { idSchema, rangeQueryShape, timeSchema } from "../common";
import { countSchema, shareSchema } from "./question";

const wholeFrom = ({ min, max }: { min: number; max: number }) => z.number().int().min(min).max(max);
const settingsShape = {
  keepAliveS: wholeFrom(LIMITS.keepAliveS),
  ackTimeoutS: wholeFrom(LIMITS.ackTimeoutS),
  /** What the agent waits before it opens a connection again that the module gave up. */
  reopenAfterS: wholeFrom({ min: 1, max: 86_400 }),
  backoff: z.number().min(1).max(10),
};

export const whatIfSchema = z.strictObject({
  deviceId: idSchema,
  ...rangeQueryShape,
  /** What is not named stays as it was. */
  settings: z
    .strictObject(settingsShape)
    .partial()
    .refine((settings) => Object.keys(settings).length > 0, {
      error: "must change at least one setting",
      params: { rule: "at-least-one" },
    }),
});
export type WhatIf = z.infer<typeof whatIfSchema>;

const seconds = z.number().min(0);
/** What the timer model makes of the record with some settings. */
const replayedSchema = z.object({
  pings: countSchema,
  pingTimeouts: countSchema,
  /** Dead links that the module noticed, and gave the connection up. */
  lossesNoticed: countSchema,
  /** Dead links that were over before it noticed, by the record at the cost of the connection. */
  lossesUnnoticed: countSchema,
  /** Connections given up although, by the record, they would have gone on. */
  falseAlarms: countSchema,
  meanNoticingS: seconds.nullable(),
  longestNoticingS: seconds.nullable(),
  /** From the link's death until the module is connected again. */
  awayS: seconds,
  /** What the pings and their answers come to on the air, with the headers below MQTT. */
  pingBytes: countSchema,
});

export const whatIfAnswerSchema = z.object({
  deviceId: idSchema,
  from: timeSchema,
  to: timeSchema,
  unknownShare: shareSchema,
  /** What the record says itself. */
  recorded: z.object({
    connectedSeconds: seconds,
    pingTimeouts: countSchema,
    heartbeatLosses: countSchema,
    /** Stretches in which the link must have been dead, and those of them that the connection outlived. */
    deadStretches: countSchema,
    outlived: countSchema,
  }),
  /** The settings that the device lived under, the latest last, and what the model makes of them: how far it can be trusted. */
  lived: z.object({
    settings: z.array(z.object({ from: timeSchema, ...settingsShape })),
    ...replayedSchema.shape,
  }),
  asked: z.object({ settings: z.object(settingsShape), ...replayedSchema.shape }),
  assumptions: z.array(z.object({ code: z.string(), parameters: z.record(z.string(), z.number()), text: z.string() })),
});
export type WhatIfAnswer = z.infer<typeof whatIfAnswerSchema>;
