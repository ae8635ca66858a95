const ALLOWED = 10;
const WINDOW_MS = 60_000;

/** Counts the frames of a connection that break the protocol. */
export class Violations {
  private readonly times: number[] = [];

  /** @returns whether the connection has used up what it is allowed */
  add(now: number): boolean {
    this.times.push(now);
    while ((this.times[0] ?? now) <= now - WINDOW_MS) this.times.shift();
    return this.times.length > ALLOWED;
  }
}
