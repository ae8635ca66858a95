import { Injectable } from "@nestjs/common";

/** How streams are delivered in time; in ms. */
@Injectable()
export class StreamPace {
  /** A process looks for streams that nobody delivers, and a stream for what an admin changed, so often. */
  lookMs = 2_000;
  /** After this, another process takes over. Twice what one attempt at a webhook takes, so that two never send at once. */
  leaseMs = 20_000;
  /** Events gather for so long. */
  pollMs = 1_000;
  /** Between attempts: the first pause, doubled with each failure up to the longest. */
  retryMs = { first: 1_000, longest: 300_000 };
  random: () => number = Math.random;

  /** How long to wait after so many failures in a row: half of the pause at least, so that streams do not come together. */
  retryAfterMs(failures: number): number {
    const { first, longest } = this.retryMs;
    return Math.min(first * 2 ** (failures - 1), longest) * (0.5 + this.random() / 2);
  }
}
