import type { LoggerService } from "@nestjs/common";
import type { Logger } from "pino";

/** Injection token of the process's pino logger. */
export const LOGGER = Symbol("LOGGER");

/** Lets Nest write through pino; its chatter about modules and routes is for debugging only. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, context?: string): void {
    this.logger.debug({ context }, String(message));
  }

  warn(message: unknown, context?: string): void {
    this.logger.warn({ context }, String(message));
  }

  error(message: unknown, stack?: string, context?: string): void {
    this.logger.error({ context, stack }, String(message));
  }
}
