import type { Clock } from "@mn316-fleet/at";
import type { TokenFrame, UpFrame } from "@mn316-fleet/protocol";
import type { Logger } from "pino";
import { backoffMs, pause } from "../time";
import { proofOf, type Tokens } from "./tokens";

export interface TokenUpdatesOptions {
  tokens: Tokens;
  send: (frame: UpFrame) => void;
  clock: Clock;
  random: () => number;
  log: Logger;
}

const RETRY_DELAY = { minMs: 1_000, maxMs: 60_000 };

/**
 * Takes over tokens that the server pushes: on disk first, then confirmed, so that the former one ends only when the new one
 * survives a restart. The connection stays.
 */
export class TokenUpdates {
  private readonly stopping = new AbortController();
  private newest: string | undefined;

  constructor(private readonly options: TokenUpdatesOptions) {}

  async take({ token }: TokenFrame): Promise<void> {
    const { tokens, send, clock, random, log } = this.options;
    this.newest = token;
    for (let attempt = 0; this.newest === token && !this.stopping.signal.aborted; attempt++) {
      try {
        await tokens.keep(token);
        send({ type: "token-stored", sha256: proofOf(token) });
        log.info("another token was pushed and is on disk");
        return;
      } catch (error) {
        log.error({ reason: (error as Error).message }, "the pushed token cannot be written");
        await pause(clock, backoffMs(attempt, RETRY_DELAY, random), this.stopping.signal);
      }
    }
  }

  stop(): void {
    this.stopping.abort();
  }
}
