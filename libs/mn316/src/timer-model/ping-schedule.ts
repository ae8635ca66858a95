/** When a module pings that hears its broker: one keepAlive after the last ping, or after it last heard something else. */
export class PingSchedule {
  /** Pings sent so far. */
  sent = 0;
  private next = 0;

  /**
   * @param sinceMs the last ping, or what the broker said last: the next ping is due one keepAlive later
   * @param heardMs when something was heard, ascending
   */
  constructor(
    private readonly keepAliveMs: number,
    private sinceMs: number,
    private readonly heardMs: readonly number[],
  ) {}

  /** When the next ping is due, if nothing is heard before. */
  get dueMs(): number {
    return this.sinceMs + this.keepAliveMs;
  }

  /** Sends the pings that are due before `toMs`, and hears what there is to hear until then. */
  advance(toMs: number): void {
    for (let heard = this.heardMs[this.next]; heard !== undefined && heard < toMs; heard = this.heardMs[++this.next]) {
      if (heard < this.sinceMs) continue;
      this.ping(heard);
      this.sinceMs = heard;
    }
    this.ping(toMs);
  }

  /** Hears nothing of what is said until then. */
  deafUntil(toMs: number): void {
    while ((this.heardMs[this.next] ?? Infinity) < toMs) this.next++;
  }

  /** A connection begins: nothing of before counts. */
  restart(atMs: number): void {
    this.deafUntil(atMs);
    this.sinceMs = atMs;
  }

  private ping(untilMs: number): void {
    const count = Math.max(0, Math.ceil((untilMs - this.sinceMs) / this.keepAliveMs) - 1);
    this.sent += count;
    this.sinceMs += count * this.keepAliveMs;
  }
}
