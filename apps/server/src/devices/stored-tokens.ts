import { Inject, Injectable, type OnModuleInit } from "@nestjs/common";
import type { Logger } from "pino";
import { DeviceTokens } from "../auth/device-tokens";
import { TokenWatch } from "../auth/token-watch";
import { FrameHandlers } from "../gateway/frame-handlers";
import { LOGGER } from "../platform/logging/nest-logger";

/** Hears from agents that a pushed token is on their disk, so that their connection outlives the former token. */
@Injectable()
export class StoredTokens implements OnModuleInit {
  constructor(
    private readonly frames: FrameHandlers,
    private readonly tokens: DeviceTokens,
    private readonly watch: TokenWatch,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    this.frames.register("token-stored", async ({ deviceId }, { sha256 }) => {
      const token = await this.tokens.findByHash(deviceId, Buffer.from(sha256, "hex"));
      if (token) this.watch.adopt(token);
      this.logger.info({ deviceId, isKnown: token !== undefined }, "an agent keeps the token that was pushed");
    });
  }
}
