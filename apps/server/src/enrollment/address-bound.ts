const WINDOW_MS = 60_000;
/** A site behind one address may start a cabinet full of agents at once; guessing 256 random bits takes longer. */
const MAX_IN_WINDOW = 60;
/** Addresses that are kept in mind; when there are more, somebody uses many, and all of them begin anew. */
const MAX_ADDRESSES = 10_000;

/** How often one address may try within a minute. */
export class AddressBound {
  private readonly windows = new Map<string, { endsAt: number; count: number }>();

  /** @returns 0 where it may, else in how many seconds */
  take(address: string, now: number): number {
    const window = this.windows.get(address);
    if (window && window.endsAt > now) {
      window.count++;
      return window.count <= MAX_IN_WINDOW ? 0 : Math.ceil((window.endsAt - now) / 1_000);
    }
    if (this.windows.size >= MAX_ADDRESSES) this.windows.clear();
    this.windows.set(address, { endsAt: now + WINDOW_MS, count: 1 });
    return 0;
  }
}
