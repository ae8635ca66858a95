import { type Logger, pino } from "pino";

/**
 * The agent's log: JSON lines on standard output, written at once.
 * @param level `trace` … `fatal`
 */
export function createLogger(level: string): Logger {
  return pino({ level, base: undefined, redact: ["token", "password", "*.password", "*.mqtt.password"] });
}
