import type { Clock } from "@mn316-fleet/at";
import { AcknowledgementError } from "./errors";

export type Operation = "publish" | "subscribe" | "unsubscribe";

interface Waiting {
  operation: Operation;
  topic: string;
  qos: number;
  /** How many operations with a packet id the module had accepted with it; undefined until its own OK. */
  ordinal: number | undefined;
  /** Nobody waits any more, but the module may yet accept it. */
  isForgotten: boolean;
  resolve: (code: number) => void;
  reject: (error: Error) => void;
}

/** One operation that waits for the broker. */
export interface Acknowledgement {
  /**
   * Resolves with the broker's code (0 for a publish).
   * @throws AcknowledgementError, or the signal's reason
   */
  within(signal?: AbortSignal): Promise<number>;
  /** The module took the command: from now on the broker's time runs. */
  accepted(): void;
  /** The module refused the command, or nobody waits for it any more. */
  forget(): void;
}

/** Acknowledgements that never came are remembered for so many later ones. */
const ABANDONED_KEPT = 1_024;

/**
 * Operations whose acknowledgement by the broker is still to come. The module's `OK` carries no packet id: subscriptions
 * are matched by topic, publishes in their order. The ids count up by one (§3.2), which tells a late acknowledgement of
 * a publish that was given up from that of the next.
 */
export class Acknowledgements {
  private readonly waiting: Waiting[] = [];
  private readonly abandoned = new Set<number>();
  private accepted = 0;
  /** Packet id less ordinal, once an acknowledgement told it. */
  private offset: number | undefined;

  /** @param onChange called when something begins or ends to wait */
  constructor(
    private readonly clock: Clock,
    private readonly onChange: () => void,
  ) {}

  get isEmpty(): boolean {
    return this.waiting.length === 0;
  }

  /** @param boundMs ends the wait when the module itself says nothing */
  expect(operation: Operation, topic: string, qos: number, boundMs: number): Acknowledgement {
    let cancel: (() => void) | undefined;
    let entry!: Waiting;
    const promise = new Promise<number>((resolve, reject) => {
      entry = {
        ...{ operation, topic, qos, ordinal: undefined, isForgotten: false },
        resolve: (code) => {
          cancel?.();
          resolve(code);
        },
        reject: (error) => {
          cancel?.();
          reject(error);
        },
      };
    });
    promise.catch(() => undefined); // awaited only behind the command, which may fail first
    this.waiting.push(entry);
    this.onChange();
    return {
      within: (signal) => this.within(promise, entry, signal),
      accepted: () => {
        entry.ordinal = ++this.accepted;
        if (entry.isForgotten) this.abandoned.add(entry.ordinal);
        if (!this.waiting.includes(entry)) return; // the URC came ahead of the OK
        cancel = this.clock.after(boundMs, () => {
          this.abandon(entry, new AcknowledgementError(operation, topic, "no acknowledgement in time"));
        });
      },
      forget: () => {
        entry.isForgotten = this.remove(entry);
      },
    };
  }

  /** A publish of this QoS is done. */
  published(qos: number, packId: number): void {
    const ordinal = this.offset === undefined ? undefined : packId - this.offset;
    if (ordinal !== undefined && this.abandoned.delete(ordinal)) return;
    const candidates = this.waiting.filter((entry) => entry.operation === "publish" && entry.qos === qos);
    const exact = ordinal === undefined ? undefined : candidates.find((entry) => entry.ordinal === ordinal);
    // An id that no OK was counted for yet is that of the command whose OK is still to come.
    const isAhead = ordinal !== undefined && ordinal > this.accepted;
    const ahead = isAhead ? candidates.find((entry) => entry.ordinal === undefined) : undefined;
    const entry = exact ?? ahead ?? candidates[0];
    if (entry) this.settle(entry, packId, 0);
  }

  answered(operation: "subscribe" | "unsubscribe", topic: string, packId: number, code: number): void {
    const entry = this.waiting.find((candidate) => candidate.operation === operation && candidate.topic === topic);
    if (entry) this.settle(entry, packId, code);
  }

  /** The module reported the acknowledgement late: that of the operation of this sort which it took first. */
  timedOut(operation: Operation): void {
    let oldest: Waiting | undefined;
    for (const entry of this.waiting)
      if (entry.operation === operation && entry.ordinal !== undefined)
        if (oldest?.ordinal === undefined || entry.ordinal < oldest.ordinal) oldest = entry;
    if (oldest)
      this.abandon(
        oldest,
        new AcknowledgementError(operation, oldest.topic, "the broker's acknowledgement is late (+MQTTTO)"),
      );
  }

  /** The link is gone: nothing more will come, and ids begin anew. */
  failAll(reason: string): void {
    this.abandoned.clear();
    this.accepted = 0;
    this.offset = undefined;
    for (const entry of [...this.waiting]) {
      this.remove(entry);
      entry.reject(new AcknowledgementError(entry.operation, entry.topic, reason));
    }
  }

  private settle(entry: Waiting, packId: number, code: number): void {
    if (entry.ordinal !== undefined) this.offset = packId - entry.ordinal;
    this.remove(entry);
    entry.resolve(code);
  }

  private async within(promise: Promise<number>, entry: Waiting, signal: AbortSignal | undefined): Promise<number> {
    const abort = () => {
      this.abandon(entry, signal?.reason as Error);
    };
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort, { once: true });
    try {
      return await promise;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  private abandon(entry: Waiting, error: Error): void {
    if (!this.remove(entry)) return;
    if (entry.operation === "publish" && entry.ordinal !== undefined) {
      this.abandoned.add(entry.ordinal);
      this.abandoned.delete(entry.ordinal - ABANDONED_KEPT);
    }
    entry.reject(error);
  }

  /** @returns whether it was still waiting */
  private remove(entry: Waiting): boolean {
    const index = this.waiting.indexOf(entry);
    if (index < 0) return false;
    this.waiting.splice(index, 1);
    this.onChange();
    return true;
  }
}
