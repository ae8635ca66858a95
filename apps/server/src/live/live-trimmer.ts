import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from "@nestjs/common";
import type { Logger } from "pino";
import { LOGGER } from "../platform/logging/nest-logger";
import { SETTINGS, type Settings } from "../platform/settings/settings";
import { LiveStore } from "./live.store";

const EVERY_MS = 30_000;

/** Keeps the table of live events small, on workers; several at once do no harm. */
@Injectable()
export class LiveTrimmer implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly store: LiveStore,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, "roles">,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.settings.roles.has("worker")) return;
    this.timer = setInterval(() => {
      this.running = this.store.trim().catch((error: unknown) => {
        this.logger.warn({ reason: (error as Error).message }, "live events not trimmed now");
      });
    }, EVERY_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }
}
