import { type DestinationStream, type Logger, type LoggerOptions, pino } from "pino";

export type { Logger };

/** The agent's log, and the last error that it told. */
export interface AgentLog {
  log: Logger;
  lastError: () => { lastError?: { at: number; message: string } };
}

/** Of one message within a minute; a fault that repeats for days must not fill the disk, nor hide what else happens. */
const MAX_A_MINUTE = 20;
const WINDOW_MS = 60_000;
/** Levels below are asked for by somebody who wants to see everything. */
const FIRST_LIMITED = 30;
const ERROR = 50;
const SECRETS = ["token", "key", "password", "*.password", "mqtt.password", "*.mqtt.password"];

interface Window {
  endsAt: number;
  count: number;
}

export interface LogOptions {
  now?: () => number;
  /** Where lines go; standard output unless given. */
  stream?: DestinationStream;
}

/**
 * JSON lines on standard output, written at once.
 * @param level `trace` … `fatal`
 */
export function createLogger(level: string, { now = Date.now, stream }: LogOptions = {}): AgentLog {
  const windows = new Map<string, Window>();
  let lastError: { at: number; message: string } | undefined;
  const options: LoggerOptions = {
    level,
    base: undefined,
    redact: SECRETS,
    hooks: {
      logMethod(args, method, methodLevel) {
        const message = messageOf(args);
        if (methodLevel >= ERROR) lastError = { at: now(), message: withReason(message, args[0]) };
        if (methodLevel < FIRST_LIMITED) {
          method.apply(this, args);
          return;
        }
        const window = windows.get(message);
        if (window && window.endsAt > now()) {
          if (++window.count > MAX_A_MINUTE) return;
          method.apply(this, args);
          return;
        }
        windows.set(message, { endsAt: now() + WINDOW_MS, count: 1 });
        const suppressed = (window?.count ?? 0) - MAX_A_MINUTE;
        if (suppressed > 0) this.warn({ message, suppressed }, "a message came too often");
        method.apply(this, args);
      },
    },
  };
  const log = stream ? pino(options, stream) : pino(options);
  return { log, lastError: () => (lastError ? { lastError } : {}) };
}

/** The fixed text of a log line: its vocabulary is small, so it may serve as a key. */
function messageOf(args: readonly unknown[]): string {
  const text = args.find((argument) => typeof argument === "string");
  return typeof text === "string" ? text : "";
}

function withReason(message: string, fields: unknown): string {
  if (typeof fields !== "object" || fields === null) return message;
  const { reason, err } = fields as { reason?: unknown; err?: unknown };
  const why = typeof reason === "string" ? reason : err instanceof Error ? err.message : undefined;
  return why === undefined ? message : `${message} (${why})`;
}
