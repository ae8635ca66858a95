import { Inject, Injectable, type OnModuleInit } from "@nestjs/common";
import type { Logger } from "pino";
import { z } from "zod";
import { DeviceTokens } from "../auth/device-tokens";
import { TokenWatch } from "../auth/token-watch";
import { SecretVault } from "../platform/secrets/secret-vault";
import { AgentLinks } from "../gateway/agent-links";
import { FrameHandlers } from "../gateway/frame-handlers";
import { LOGGER } from "../platform/logging/nest-logger";

const sealedSchema = z.object({ sealed: z.base64(), keyId: z.string() });

/**
 * Hands connected agents their next token, and hears from them that it is on their disk, so that their connection outlives
 * the former one. No process keeps a token in clear: on its way to another node it is sealed.
 */
@Injectable()
export class PushedTokens implements OnModuleInit {
  constructor(
    private readonly frames: FrameHandlers,
    private readonly links: AgentLinks,
    private readonly tokens: DeviceTokens,
    private readonly watch: TokenWatch,
    private readonly vault: SecretVault,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    this.frames.registerMaker("token", (deviceId, argument) => {
      const { sealed, keyId } = sealedSchema.parse(argument);
      const token = this.vault.open({ sealed: Buffer.from(sealed, "base64"), keyId }, deviceId);
      return Promise.resolve({ type: "token", token });
    });
    this.frames.register("token-stored", async ({ deviceId }, { sha256 }) => {
      const token = await this.tokens.findByHash(deviceId, Buffer.from(sha256, "hex"));
      if (token) this.watch.adopt(token);
      this.logger.info({ deviceId, isKnown: token !== undefined }, "an agent keeps the token that was pushed");
    });
  }

  /** @returns false where the device's agent is not connected */
  async push(deviceId: string, token: string): Promise<boolean> {
    const { sealed, keyId } = this.vault.seal(token, deviceId);
    const argument: z.infer<typeof sealedSchema> = { sealed: sealed.toString("base64"), keyId };
    return (await this.links.sendMade(deviceId, "token", argument)) === "sent";
  }
}
