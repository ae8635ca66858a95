import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from "@nestjs/common";
import type { Logger } from "pino";
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { inFleet } from "../platform/database/fleet-scope";
import { LOGGER } from "../platform/logging/nest-logger";
import { SecretVault } from "../platform/secrets/secret-vault";
import { SETTINGS, type Settings } from "../platform/settings/settings";
import { WebhookSender } from "../platform/webhooks/webhook-sender";
import { Delivery } from "./delivery";
import { DeliveryStore } from "./delivery.store";
import { StreamPace } from "./stream-pace";

/** A receiver that hangs must not keep the process from ending; another one takes over when the lease ends. */
const STOP_MS = 5_000;

/** Delivers, on workers, the streams that no other process does; one that dies is succeeded when its leases end. */
@Injectable()
export class StreamWorkers implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly deliveries = new Map<Delivery, Promise<void>>();
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> = Promise.resolve();
  private isStopping = false;

  constructor(
    private readonly store: DeliveryStore,
    private readonly sender: WebhookSender,
    private readonly vault: SecretVault,
    private readonly pace: StreamPace,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, "roles" | "nodeId">,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    if (this.settings.roles.has("worker")) this.look();
  }

  /** Before the database goes: what is under way is finished, and the streams are others' at once. */
  async onModuleDestroy(): Promise<void> {
    this.isStopping = true;
    clearTimeout(this.timer);
    await this.looking;
    for (const delivery of this.deliveries.keys()) delivery.stop();
    await Promise.race([Promise.all(this.deliveries.values()), pause(STOP_MS, undefined, { ref: false })]);
  }

  private look(): void {
    this.looking = this.claim()
      .catch((error: unknown) => {
        this.logger.warn({ reason: (error as Error).message }, "event streams not looked for now");
      })
      .then(() => {
        if (!this.isStopping)
          this.timer = setTimeout(() => {
            this.look();
          }, this.pace.lookMs).unref();
      });
  }

  private async claim(): Promise<void> {
    const { store, sender, vault, pace, logger } = this;
    // Another owner each time: where a lease ended unnoticed, what went on under it counts no more, in this process either.
    const owner = randomUUID();
    for (const { id, fleetId } of await store.claim(owner, this.settings.nodeId, pace.leaseMs)) {
      const delivery = new Delivery(id, owner, { store, sender, vault, pace, logger });
      this.deliveries.set(
        delivery,
        inFleet(fleetId, () => delivery.run()).finally(() => this.deliveries.delete(delivery)),
      );
    }
  }
}
