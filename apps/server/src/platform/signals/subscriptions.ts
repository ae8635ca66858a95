type Handler = (payload: unknown) => void;

/** Who listens to which channel on this node. */
export class Subscriptions {
  private readonly handlers = new Map<string, Set<Handler>>();

  add(channel: string, handler: Handler): void {
    const handlers = this.handlers.get(channel) ?? new Set();
    this.handlers.set(channel, handlers.add(handler));
  }

  /** @returns whether nobody is left */
  remove(channel: string, handler: Handler): boolean {
    const handlers = this.handlers.get(channel);
    if (!handlers?.delete(handler) || handlers.size > 0) return false;
    return this.handlers.delete(channel);
  }

  deliver(channel: string, payload: unknown): void {
    for (const handler of this.handlers.get(channel) ?? []) handler(payload);
  }
}
