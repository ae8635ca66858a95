import type { TimeoutType } from "@mn316-fleet/manual";
import type { Timers } from "../timers";

/** A packet that waits for the broker's acknowledgement. */
export interface Pending {
  kind: "publish" | "subscribe" | "unsubscribe";
  topic: string;
  qos: number;
  dup: number;
}

const TYPES: Record<Pending["kind"], TimeoutType> = { publish: 2, subscribe: 3, unsubscribe: 4 };
const LARGEST_ID = 65_535;

/** Packet ids and the ACK timer of each (§2.9). */
export class PendingAcks {
  private readonly waiting = new Map<number, { pending: Pending; cancel: () => void }>();
  private lastId = 0;

  constructor(
    private readonly timers: Timers,
    private readonly onTimeout: (type: TimeoutType) => void,
  ) {}

  /** Starts the ACK timer and gives the packet id. */
  add(pending: Pending, ackTimeoutMs: number): number {
    do this.lastId = (this.lastId % LARGEST_ID) + 1;
    while (this.waiting.has(this.lastId));
    this.arm(this.lastId, pending, ackTimeoutMs);
    return this.lastId;
  }

  /** What waits under an id, if it is of that kind. */
  get(id: number, kind: Pending["kind"]): Pending | undefined {
    const pending = this.waiting.get(id)?.pending;
    return pending?.kind === kind ? pending : undefined;
  }

  /** Starts the timer of one step anew: QoS 2 has two. */
  renew(id: number, ackTimeoutMs: number): void {
    const entry = this.waiting.get(id);
    if (!entry) return;
    entry.cancel();
    this.arm(id, entry.pending, ackTimeoutMs);
  }

  /** The acknowledgement is in: takes what waited, if it is of that kind. */
  take(id: number, kind: Pending["kind"]): Pending | undefined {
    const pending = this.get(id, kind);
    if (!pending) return undefined;
    this.waiting.get(id)?.cancel();
    this.waiting.delete(id);
    return pending;
  }

  /** Forgets all that waits; the ids go on. */
  clear(): void {
    for (const { cancel } of this.waiting.values()) cancel();
    this.waiting.clear();
  }

  /** Forgets all, and counts ids from 1 again: a new client. */
  restart(): void {
    this.clear();
    this.lastId = 0;
  }

  private arm(id: number, pending: Pending, ackTimeoutMs: number): void {
    const cancel = this.timers.after(ackTimeoutMs, () => {
      // As the sibling modules do, the packet is dropped and not sent again.
      this.waiting.delete(id);
      this.onTimeout(TYPES[pending.kind]);
    });
    this.waiting.set(id, { pending, cancel });
  }
}
