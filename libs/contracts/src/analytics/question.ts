import { KNOWN_MODULE_STATES } from "@mn316-fleet/manual";
import { z } from "zod";
import { idSchema, plainTextSchema, rangeQueryShape, tagSchema, timeSchema } from "../common";
import { timeZoneSchema } from "../time-zone";

/** What devices, or hours, can be put together by. */
export const GROUPINGS = ["device", "tag", "profile", "firmware", "cell", "hour-of-day"] as const;
export type Grouping = (typeof GROUPINGS)[number];

/** How long one bucket of a series is, by the clock of the question's time zone. */
export const bucketSchema = z.enum(["hour", "day"]);
export type Bucket = z.infer<typeof bucketSchema>;

/** Whom an analytics query asks about: all that is named must hold. Without any, the whole fleet. */
export const selectionQueryShape = {
  deviceId: idSchema.optional(),
  tag: tagSchema.optional(),
  /** Text within name or IMEI. */
  q: plainTextSchema.min(1).max(128).optional(),
  /** What the module's state is now. */
  state: z.enum(KNOWN_MODULE_STATES).optional(),
  /** Whether the agent is connected now. */
  online: z.enum(["true", "false"]).optional(),
  /** Digits, `?` for any one and `*` for any number of them. */
  imei: z
    .string()
    .regex(/^[\d?*]{1,15}$/, "must be up to 15 digits, '?' or '*'")
    .optional(),
  /** The module's firmware as it names it. */
  firmware: plainTextSchema.min(1).max(128).optional(),
  /** The devices that this profile chooses. */
  profile: idSchema.optional(),
  /** The cell that the module reported last. */
  cell: plainTextSchema.min(1).max(32).optional(),
};

/** What every question takes. */
export const questionShape = {
  ...rangeQueryShape,
  ...selectionQueryShape,
  /** Whose hours and days the buckets are. */
  timeZone: timeZoneSchema.default("UTC"),
  /** `csv` may also be asked for by `Accept: text/csv`. */
  format: z.enum(["json", "csv"]).optional(),
};

/** Of a list: so many rows, the most striking ones first. */
export const limitSchema = z.coerce.number().int().min(1).max(1_000).default(50);
export const groupByShape = { groupBy: z.enum(GROUPINGS).optional(), limit: limitSchema };

/** What questions have in common, and those of them that group and count by time. */
export type QuestionQuery = z.infer<z.ZodObject<typeof questionShape>> & {
  bucket?: Bucket;
  groupBy?: Grouping;
  limit?: number;
};

export const countSchema = z.number().int();
export const shareSchema = z.number().min(0).max(1).nullable();

/** What every answer says of itself. */
export const answerShape = {
  from: timeSchema,
  to: timeSchema,
  timeZone: z.string(),
  /** How many devices the answer is about. */
  devices: countSchema,
  /** The share of these devices' time in which nobody heard their module; null where there was no time. */
  unknownShare: shareSchema,
  /**
   * Present where the range, or its buckets, cut hours of which the raw events are past their retention: before this
   * moment such an hour counts as a whole, where it begins.
   */
  exactFrom: timeSchema.optional(),
};
/** The range of an answer and whom it is about. */
export interface AnswerHead {
  from: string;
  to: string;
  timeZone: string;
  devices: number;
  unknownShare: number | null;
  exactFrom?: string;
}

/** What a group is called: null for the devices of which the firmware or the cell is not known. */
export const groupShape = {
  group: z.string().nullable(),
  /** Of a device or a profile, which `group` has the id of. */
  name: z.string().optional(),
};
