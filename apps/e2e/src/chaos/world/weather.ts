/** What the network between agents and servers does. */
export type Weather =
  | { kind: "fair" }
  /** Connections break, and none comes about. */
  | { kind: "cut" }
  /** Connections stand, but nothing arrives: neither data nor the end of the other side. */
  | { kind: "half-open" }
  /** Each piece takes so long, and is cut into smaller ones. */
  | { kind: "slow"; delayMs: number; jitterMs: number }
  /**
   * Each connection has a delay of its own, and now and then a share of the agents lose theirs while what they sent is still
   * under way: it arrives behind the words of the connection that they open next.
   */
  | { kind: "reordered"; maxDelayMs: number; everyMs: number; share: number };
