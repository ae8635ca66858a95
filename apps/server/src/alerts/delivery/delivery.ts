import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from "@nestjs/common";
import type { Logger } from "pino";
import { Counter } from "prom-client";
import { LOGGER } from "../../platform/logging/nest-logger";
import { Metrics } from "../../platform/metrics/metrics";
import { SETTINGS, type Settings } from "../../platform/settings/settings";
import { waitAfterMs } from "./backoff";
import { ChannelSender } from "./channel-sender";
import { mailOf } from "./mail-text";
import { NotificationsStore, type TakenNotification } from "./notifications.store";

const LOOK_EVERY_MS = 5_000;
/** Attempts at the same time: a receiver that hangs must not hold up the others. */
const AT_ONCE = 16;

/** Delivers the outbox on workers: at least once, and only a process that dies between an attempt and its note repeats it. */
@Injectable()
export class Delivery implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<unknown> = Promise.resolve();
  private isStopped = false;
  private readonly outcomes: Counter<"outcome">;

  constructor(
    private readonly store: NotificationsStore,
    private readonly sender: ChannelSender,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, "roles">,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(Metrics) metrics: Metrics,
  ) {
    this.outcomes = new Counter({
      name: "fleet_notifications_total",
      help: "Attempts of this node to deliver a notification, by outcome: delivered, retry, failed",
      labelNames: ["outcome"],
      registers: [metrics],
    });
    // There from the start: Prometheus sees no increase in a series whose first value is the first failure.
    for (const outcome of ["delivered", "retry", "failed"]) this.outcomes.inc({ outcome }, 0);
  }

  onApplicationBootstrap(): void {
    if (!this.settings.roles.has("worker")) return;
    this.timer = setInterval(() => {
      this.wake();
    }, LOOK_EVERY_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    this.isStopped = true;
    clearInterval(this.timer);
    await this.running;
  }

  /** There may be something to deliver; does nothing where this process is no worker. */
  wake(): void {
    if (!this.settings.roles.has("worker") || this.isStopped) return;
    this.running = this.running
      .then(() => this.deliver())
      .catch((error: unknown) => {
        this.logger.warn({ err: error }, "notifications not delivered now");
      });
  }

  /** Makes an attempt at everything that is due. @returns how many */
  async deliver(): Promise<number> {
    let attempts = 0;
    while (!this.isStopped) {
      const taken = await this.store.take(AT_ONCE);
      if (taken.length === 0) break;
      await Promise.all(taken.map((notification) => this.attempt(notification)));
      attempts += taken.length;
    }
    return attempts;
  }

  private async attempt(notification: TakenNotification): Promise<void> {
    const { id, payload, attempts } = notification;
    const outcome = await this.sender.send(notification, { id, body: JSON.stringify(payload), mail: mailOf(payload) });
    if (outcome.isDelivered) {
      this.outcomes.inc({ outcome: "delivered" });
      await this.store.delivered(notification, outcome.remark);
      return;
    }
    const waitMs = outcome.mayRetry ? waitAfterMs(attempts, Math.random()) : undefined;
    this.outcomes.inc({ outcome: waitMs === undefined ? "failed" : "retry" });
    this.logger.warn({ notification: id, attempts, reason: outcome.error }, "notification not delivered");
    await this.store.failed(notification, outcome.error, waitMs);
  }
}
