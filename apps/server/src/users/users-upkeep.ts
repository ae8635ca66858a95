import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from "@nestjs/common";
import type { Logger } from "pino";
import { UserSessions } from "../auth/user-sessions";
import { LOGGER } from "../platform/logging/nest-logger";
import { SETTINGS, type Settings } from "../platform/settings/settings";
import { SignInAttempts } from "./sign-in-attempts";

const EVERY_MS = 600_000;

/** Forgets sessions and failures that are over, on workers; several at once do no harm. */
@Injectable()
export class UsersUpkeep implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly sessions: UserSessions,
    private readonly attempts: SignInAttempts,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, "roles">,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.settings.roles.has("worker")) return;
    this.timer = setInterval(() => {
      this.running = this.clean().catch((error: unknown) => {
        this.logger.warn({ reason: (error as Error).message }, "sessions that are over were not forgotten now");
      });
    }, EVERY_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  async clean(): Promise<void> {
    await this.sessions.clean();
    await this.attempts.clean();
  }
}
