import type { Timers } from "../timers";

/** What a sleeping module loses of the input that wakes it. */
const BYTES_LOST_WAKING = 2;

/** A module that falls asleep when its line is quiet, and says so. */
export class Sleep {
  private isAsleep = true;
  private cancel: (() => void) | undefined;

  constructor(
    private readonly afterMs: number,
    private readonly timers: Timers,
    private readonly say: (line: string) => void,
  ) {}

  /** Input wakes it; what it gives is what it still hears of that. */
  wake(bytes: Buffer): Buffer {
    const heard = this.isAsleep ? bytes.subarray(BYTES_LOST_WAKING) : bytes;
    if (this.isAsleep) this.say("+NPSMR:0");
    this.isAsleep = false;
    this.cancel?.();
    this.cancel = this.timers.after(this.afterMs, () => {
      this.isAsleep = true;
      this.say("+NPSMR:1");
    });
    return heard;
  }
}
