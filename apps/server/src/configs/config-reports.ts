import { Injectable, type OnModuleInit } from "@nestjs/common";
import { FrameHandlers } from "../gateway/frame-handlers";
import { type NewEvent, type Projector, Projectors } from "../ingest/projectors";
import type { Transaction } from "../platform/database/database";
import { storable } from "../platform/database/storable";
import { type ConfigReport, ConfigsStore } from "./configs.store";
import { ConfigsService } from "./configs.service";
import { withoutSecrets } from "./reported";

/**
 * Learns how far devices are with their configuration: at once from `reported` frames, which also tell what the module
 * holds, and for certain from `config` events, which survive a lost link.
 */
@Injectable()
export class ConfigReports implements OnModuleInit, Projector<"config"> {
  readonly name = "config";
  readonly kinds = ["config"] as const;

  constructor(
    private readonly frames: FrameHandlers,
    private readonly projectors: Projectors,
    private readonly configs: ConfigsService,
    private readonly store: ConfigsStore,
  ) {}

  onModuleInit(): void {
    this.projectors.register(this);
    this.frames.welcomers.push((deviceId, hello) => this.configs.welcome(deviceId, hello));
    this.frames.register("reported", async ({ deviceId }, { version, status, reason, config }) => {
      await this.configs.report({
        deviceId,
        version,
        status,
        reason: storable(reason ?? null),
        config: withoutSecrets(config),
      });
    });
  }

  async apply(tx: Transaction, events: NewEvent<"config">[]): Promise<void> {
    const newest = new Map<string, ConfigReport>();
    for (const { deviceId, event } of events) {
      const { version, status, reason = null } = event;
      newest.set(deviceId, { deviceId, version, status, reason: storable(reason), config: null });
    }
    await this.store.report(tx, [...newest.values()]);
  }
}
