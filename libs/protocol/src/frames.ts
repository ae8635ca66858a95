import { z } from "zod";
import { deviceConfigSchema, REPORT_STATUSES, reportedConfigSchema } from "./configuration";
import { eventSchema } from "./events";
import { executionReportShape, JOB_KINDS, stepSchema } from "./executions";
import { MAX_CONSOLE_TEXT, MAX_COUNT } from "./limits";

const version = z.number().int().min(0).max(MAX_COUNT);
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
  /** The type of the frame that is meant, where its receiver could tell. */
  frame: z.string().max(64).optional(),
});

/** The token that the server pushed is on the agent's disk: this connection counts as opened with it. */
export const tokenStoredSchema = z.object({
  type: z.literal("token-stored"),
  /** SHA-256 of the token in hexadecimal: proof of which one, without sending it again. */
  sha256: z.string().regex(/^[\da-f]{64}$/),
});

/** The console asked for is open: the line is the operator's until `console-close`. */
export const consoleOpenedSchema = z.object({ type: z.literal("console-open"), console: z.uuid() });

/** What passed on the line: `sent` to the module, `received` from it, or a `note` of the agent itself. */
export const consoleOutputSchema = z.object({
  type: z.literal("console-output"),
  console: z.uuid(),
  from: z.enum(["sent", "received", "note"]),
  text: z.string().max(MAX_CONSOLE_TEXT),
});

/** Either side ends a console, and says why. */
export const consoleCloseSchema = z.object({
  type: z.literal("console-close"),
  console: z.uuid(),
  reason: z.string().max(1024),
});

/** Frames that an agent sends. */
export const upFrameSchema = z.discriminatedUnion("type", [
  helloSchema,
  eventsSchema,
  reportedSchema,
  executionFrameSchema,
  tokenStoredSchema,
  consoleOpenedSchema,
  consoleOutputSchema,
  consoleCloseSchema,
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
  attempt: z.number().int().min(1).max(MAX_COUNT),
  job: z.object({ id: z.uuid(), kind: z.enum(JOB_KINDS) }),
  steps: z.array(stepSchema),
  timeoutS: z.number(),
  /** Do not begin after this moment, ms since 1970 by the server's clock. */
  notAfter: z.number().int(),
});

/**
 * Asks for an execution's end. What has not begun is answered with CANCELED; one with a command on the line ends behind that
 * command, and where nothing was left to do its real outcome stands.
 */
export const cancelSchema = z.object({
  type: z.literal("cancel"),
  execution: z.uuid(),
  attempt: z.number().int().min(1).max(MAX_COUNT),
});

/** Another token for this device; the one that opened the connection goes on working for a while. */
export const tokenFrameSchema = z.object({ type: z.literal("token"), token: z.string().min(1).max(256) });

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"] as const;

/** Another log level for a while; then, and after a restart, the agent's own setting holds again. */
export const logLevelSchema = z.object({
  type: z.literal("log-level"),
  level: z.enum(LOG_LEVELS),
  forS: z.number().int().min(1).max(86_400),
});

/** Asks for the module's line, for an operator at a terminal. Answered by `console-open`, or `console-close` with the reason. */
export const consoleOpenSchema = z.object({
  type: z.literal("console-open"),
  console: z.uuid(),
  /** Who it is for, as the history shows it. */
  operator: z.string().max(128),
  /** It ends by itself when nothing is said for so long. */
  idleS: z.number().int().min(1).max(3_600),
});

/** One AT command of the operator. */
export const consoleInputSchema = z.object({
  type: z.literal("console-input"),
  console: z.uuid(),
  text: z.string().max(MAX_CONSOLE_TEXT),
});

/** Frames that the server sends. */
export const downFrameSchema = z.discriminatedUnion("type", [
  welcomeSchema,
  ackSchema,
  desiredFrameSchema,
  executeSchema,
  cancelSchema,
  tokenFrameSchema,
  logLevelSchema,
  consoleOpenSchema,
  consoleInputSchema,
  consoleCloseSchema,
  errorFrameSchema,
]);

export type UpFrame = z.infer<typeof upFrameSchema>;
export type DownFrame = z.infer<typeof downFrameSchema>;
export type FrameOf<F extends UpFrame | DownFrame, T extends F["type"]> = Extract<F, { type: T }>;
export type HelloFrame = z.infer<typeof helloSchema>;
export type ExecuteFrame = z.infer<typeof executeSchema>;
export type CancelFrame = z.infer<typeof cancelSchema>;
export type TokenFrame = z.infer<typeof tokenFrameSchema>;
export type LogLevelFrame = z.infer<typeof logLevelSchema>;
export type ConsoleOpenFrame = z.infer<typeof consoleOpenSchema>;
export type ConsoleInputFrame = z.infer<typeof consoleInputSchema>;
export type ConsoleOutputFrame = z.infer<typeof consoleOutputSchema>;
export type ConsoleCloseFrame = z.infer<typeof consoleCloseSchema>;
export type DesiredFrame = z.infer<typeof desiredFrameSchema>;
export type WelcomeFrame = z.infer<typeof welcomeSchema>;
