import type { DesiredFrame } from "@mn316-fleet/protocol";
import { Inject, Injectable, type OnModuleInit } from "@nestjs/common";
import type { Logger } from "pino";
import { AgentLinks } from "../gateway/agent-links";
import { FrameHandlers } from "../gateway/frame-handlers";
import { Database } from "../platform/database/database";
import { LOGGER } from "../platform/logging/nest-logger";
import { WrongKeyError } from "../platform/secrets/secret-vault";
import { type ConfigRow, ConfigsStore } from "./configs.store";
import { PasswordsStore } from "./passwords.store";
import { pathsNeedingImei, resolve, valuesOf } from "./resolve";

/** Time that a module on NB-IoT may take to connect before the agent rolls a configuration back. */
const CONFIRM_WITHIN_S = 60;
/** Agents told at the same time: those of other nodes each cost a question to PostgreSQL and a signal. */
const AT_ONCE = 8;

/** Brings desired configurations to their agents. */
@Injectable()
export class ConfigFrames implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly store: ConfigsStore,
    private readonly passwords: PasswordsStore,
    private readonly links: AgentLinks,
    private readonly handlers: FrameHandlers,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    this.handlers.registerMaker("desired", async (deviceId) => {
      const row = await this.store.find(deviceId);
      return row && this.of(row);
    });
  }

  /** What an agent should have; undefined where its device was never given anything, or cannot be. */
  async of(row: ConfigRow): Promise<DesiredFrame | undefined> {
    const { deviceId, desired, version, passwordId } = row;
    if (!desired) return undefined;
    if (row.filledImei === null && pathsNeedingImei(desired).length > 0)
      return this.refuse(deviceId, version, "The device has no IMEI.");
    try {
      const password = passwordId === null ? undefined : await this.passwords.open(this.database.pool, passwordId);
      const config = resolve(desired, valuesOf(row), password);
      return { type: "desired", version, config, confirmWithinS: CONFIRM_WITHIN_S };
    } catch (error) {
      if (!(error instanceof WrongKeyError)) throw error;
      return this.refuse(deviceId, version, `${error.message} Write it again.`);
    }
  }

  /**
   * Tells agents that are connected; any other gets its configuration with its welcome, so a failure here costs only time.
   * @param deviceIds a bounded batch
   */
  async tell(deviceIds: readonly string[]): Promise<void> {
    try {
      for (let next = 0; next < deviceIds.length; next += AT_ONCE)
        await Promise.all(deviceIds.slice(next, next + AT_ONCE).map((deviceId) => this.send(deviceId)));
      await this.store.told(deviceIds);
    } catch (error) {
      this.logger.warn({ devices: deviceIds.length, err: error }, "desired configuration not sent now");
    }
  }

  /** Sends a device what it should have now. The document holds a password, so the node that holds the device reads it. */
  send(deviceId: string): Promise<"sent" | "offline"> {
    return this.links.sendMade(deviceId, "desired");
  }

  private async refuse(deviceId: string, version: number, reason: string): Promise<undefined> {
    this.logger.error({ deviceId, version, reason }, "desired configuration cannot be sent");
    await this.store.reject(deviceId, version, reason);
    return undefined;
  }
}
