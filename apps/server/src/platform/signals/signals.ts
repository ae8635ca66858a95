/** Small messages between the nodes: at most once, unordered across senders, never the only way a datum travels. */
export abstract class Signals {
  /** @param payload JSON, at most 7,000 bytes (PostgreSQL's NOTIFY ends there) */
  abstract publish(channel: string, payload: unknown): Promise<void>;
  /** Hears every node, this one included. Resolves once the subscription is in force; call the result to end it. */
  abstract subscribe(channel: string, handler: (payload: unknown) => void): Promise<() => Promise<void>>;
}
