import { type Clock, systemClock } from "@mn316-fleet/at";

/** The timers of one module, in the module's own milliseconds; all of them can be cancelled at once. */
export class Timers {
  private readonly pending = new Set<() => void>();

  /**
   * @param scale how many times faster than the manual's the module's time runs; 1 is real time
   */
  constructor(
    private readonly scale = 1,
    private readonly clock: Clock = systemClock,
  ) {}

  /** Milliseconds of the module's time. */
  now(): number {
    return this.clock.now() * this.scale;
  }

  /** Calls back once after `ms` of the module's time; the result cancels it. */
  after(ms: number, callback: () => void): () => void {
    const cancelTimer = this.clock.after(ms / this.scale, () => {
      this.pending.delete(cancel);
      callback();
    });
    const cancel = () => {
      this.pending.delete(cancel);
      cancelTimer();
    };
    this.pending.add(cancel);
    return cancel;
  }

  cancelAll(): void {
    for (const cancel of [...this.pending]) cancel();
  }
}
