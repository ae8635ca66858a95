import { z } from "zod";
import { deviceConfigSchema, REPORT_STATUSES, reportedConfigSchema } from "./configuration";
import { eventSchema } from "./events";
import { executionReportShape, JOB_KINDS, stepSchema } from "./executions";

const version = z.number().int().min(0);
const seq = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const epoch = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER);

export const helloSchema = z.object({
  type: z.literal("hello"),
  agent: z.string().max(64),
  epoch,
  /** The first number this agent will send again: all before it is known to be committed. */
  resumeFrom: seq,
  module: z.object({
    manufacturer: z.string().max(128).optional(),
    model: z.string().max(128).optional(),
    firmware: z.string().max(128).optional(),
    imei: z.string().max(32).optional(),
  }),
  reported: z.object({ version, config: reportedConfigSchema.nullable() }),
  /** The agent's wall clock, ms since 1970. */
  clock: z.number().int(),
});

export const eventsSchema = z.object({
  type: z.literal("events"),
  epoch,
  events: z.array(eventSchema).min(1).max(1000),
});

export const reportedSchema = z.object({
  type: z.literal("reported"),
  version,
  status: z.enum(REPORT_STATUSES),
  config: reportedConfigSchema.nullable(),
  reason: z.string().max(4096).optional(),
});

export const executionFrameSchema = z.object({ type: z.literal("execution"), ...executionReportShape });

export const errorFrameSchema = z.object({
  type: z.literal("error"),
  code: z.string().max(64),
  message: z.string().max(4096),
});

/** Frames that an agent sends. */
export const upFrameSchema = z.discriminatedUnion("type", [
  helloSchema,
  eventsSchema,
  reportedSchema,
  executionFrameSchema,
  errorFrameSchema,
]);

export const desiredSchema = z.object({ version, config: deviceConfigSchema });

export const welcomeSchema = z.object({
  type: z.literal("welcome"),
  session: z.string(),
  acked: seq,
  /** The server's wall clock, ms since 1970. */
  time: z.number().int(),
  limits: z.object({ batch: z.number().int().min(1), inflight: z.number().int().min(1) }),
  desired: desiredSchema.extend({ confirmWithinS: z.number() }).optional(),
});

export const ackSchema = z.object({ type: z.literal("ack"), epoch, seq });

export const desiredFrameSchema = desiredSchema.extend({
  type: z.literal("desired"),
  /** The module must be connected within so many seconds, or the agent rolls back. */
  confirmWithinS: z.number(),
});

export const executeSchema = z.object({
  type: z.literal("execute"),
  execution: z.uuid(),
  attempt: z.number().int().min(1),
  job: z.object({ id: z.uuid(), kind: z.enum(JOB_KINDS) }),
  steps: z.array(stepSchema),
  timeoutS: z.number(),
  /** Do not begin after this moment, ms since 1970 by the server's clock. */
  notAfter: z.number().int(),
});

/** Frames that the server sends. */
export const downFrameSchema = z.discriminatedUnion("type", [
  welcomeSchema,
  ackSchema,
  desiredFrameSchema,
  executeSchema,
  errorFrameSchema,
]);

export type UpFrame = z.infer<typeof upFrameSchema>;
export type DownFrame = z.infer<typeof downFrameSchema>;
export type FrameOf<F extends UpFrame | DownFrame, T extends F["type"]> = Extract<F, { type: T }>;
export type HelloFrame = z.infer<typeof helloSchema>;
export type ExecuteFrame = z.infer<typeof executeSchema>;
export type DesiredFrame = z.infer<typeof desiredFrameSchema>;
export type WelcomeFrame = z.infer<typeof welcomeSchema>;
