/**
 * Messages between the nodes: at most once, unordered across senders, never the only way a datum travels. Meant to be
 * small; one as large as a frame of the agents' protocol arrives whole.
 */
export abstract class Signals {
  /**
   * Never rejects: what cannot be sent now is lost, and logged.
   * @param payload JSON
   */
  abstract publish(channel: string, payload: unknown): Promise<void>;
  /** Hears every node, this one included. Resolves once the subscription is in force; call the result to end it. */
  abstract subscribe(channel: string, handler: (payload: unknown) => void): Promise<() => Promise<void>>;
}
