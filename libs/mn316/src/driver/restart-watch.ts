import type { Clock } from "@mn316-fleet/at";

/** Signs within this belong together. */
const QUIET_MS = 3_000;
/** So long after a restart its later lines may come, each once. */
const BOOT_MS = 30_000;

/**
 * Tells one restart of the module from the next: several lines announce one, seconds apart, and a module in a brown-out
 * restarts again and again.
 */
export class RestartWatch {
  private seenAt = -Infinity;
  private beganAt = -Infinity;
  private signs = new Set<string>();

  constructor(private readonly clock: Clock) {}

  /**
   * A sign of a restart was seen.
   * @param sign a boot line, or what else told it
   * @returns whether it is that of a new one
   */
  isNew(sign: string): boolean {
    const now = this.clock.now();
    const kind = /^[^:]*/.exec(sign)?.[0] ?? sign;
    const isSame = now - this.seenAt < QUIET_MS || (now - this.beganAt < BOOT_MS && !this.signs.has(kind));
    this.seenAt = now;
    if (!isSame) {
      this.beganAt = now;
      this.signs = new Set();
    }
    this.signs.add(kind);
    return !isSame;
  }
}
