import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from "@nestjs/common";
import type { Logger } from "pino";
import { SEVERITIES } from "@mn316-fleet/contracts";
import { Database } from "../platform/database/database";
import { LOGGER } from "../platform/logging/nest-logger";
import { addFleetGauge } from "../platform/metrics/fleet-gauge";
import { Metrics } from "../platform/metrics/metrics";
import { SETTINGS, type Settings } from "../platform/settings/settings";
import { AlertsStore } from "./alerts.store";

const EVERY_MS = 3_600_000;
const BATCH = 5_000;

/** Forgets alerts past the retention, on workers, and counts the open ones for Prometheus; several at once do no harm. */
@Injectable()
export class AlertUpkeep implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private isStopped = false;

  constructor(
    private readonly store: AlertsStore,
    @Inject(SETTINGS) private readonly settings: Pick<Settings, "roles" | "retentionDays">,
    @Inject(LOGGER) private readonly logger: Logger,
    database: Database,
    @Inject(Metrics) metrics: Metrics,
  ) {
    addFleetGauge(metrics, database, {
      name: "fleet_alerts_open",
      help: "Alerts of the fleet that are open, by severity",
      label: "severity",
      values: SEVERITIES,
      count: () => store.openBySeverity(),
    });
  }

  onApplicationBootstrap(): void {
    if (!this.settings.roles.has("worker")) return;
    this.timer = setInterval(() => {
      this.running = this.trim().catch((error: unknown) => {
        this.logger.warn({ reason: (error as Error).message }, "old alerts not forgotten now");
      });
    }, EVERY_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    this.isStopped = true;
    clearInterval(this.timer);
    await this.running;
  }

  /** Forgets everything that is past the retention. */
  async trim(): Promise<void> {
    while (!this.isStopped && (await this.store.trim(this.settings.retentionDays, BATCH)) > 0);
  }
}
