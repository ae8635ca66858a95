import type { Clock } from "@mn316-fleet/at";
import { AcknowledgementError } from "./errors";

export type Operation = "publish" | "subscribe" | "unsubscribe";

interface Waiting {
  operation: Operation;
  topic: string;
  qos: number;
  /** How many operations with a packet id the module had accepted before it; undefined until its own OK. */
  ordinal: number | undefined;
  resolve: (code: number) => void;
  reject: (error: Error) => void;
}

/** One operation that waits for the broker. */
export interface Acknowledgement {
  /** Resolves with the broker's code (0 for a publish). */
  promise: Promise<number>;
  /** The module took the command: from now on the broker's time runs. */
  accepted(): void;
  /** The module refused the command: nothing will come. */
  forget(): void;
}

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
        ...{ operation, topic, qos, ordinal: undefined },
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
      promise,
      accepted: () => {
        entry.ordinal = ++this.accepted;
        if (!this.waiting.includes(entry)) return; // the URC came ahead of the OK
        cancel = this.clock.after(boundMs, () => {
          this.abandon(entry, "no acknowledgement in time");
        });
      },
      forget: () => {
        this.remove(entry);
      },
    };
  }

  /** A publish of this QoS is done. */
  published(qos: number, packId: number): void {
    const ordinal = this.offset === undefined ? undefined : packId - this.offset;
    if (ordinal !== undefined && this.abandoned.delete(ordinal)) return;
    const isCandidate = (entry: Waiting) => entry.operation === "publish" && entry.qos === qos;
    const exact = this.waiting.find((entry) => isCandidate(entry) && entry.ordinal === ordinal);
    const entry = (ordinal === undefined ? undefined : exact) ?? this.waiting.find(isCandidate);
    if (entry) this.settle(entry, packId, 0);
  }

  answered(operation: "subscribe" | "unsubscribe", topic: string, packId: number, code: number): void {
    const entry = this.waiting.find((candidate) => candidate.operation === operation && candidate.topic === topic);
    if (entry) this.settle(entry, packId, code);
  }

  /** The module reported the acknowledgement late: that of the oldest operation of this sort. */
  timedOut(operation: Operation): void {
    const entry = this.waiting.find((candidate) => candidate.operation === operation);
    if (entry) this.abandon(entry, "the broker's acknowledgement is late (+MQTTTO)");
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

  private abandon(entry: Waiting, reason: string): void {
    if (entry.operation === "publish" && entry.ordinal !== undefined) this.abandoned.add(entry.ordinal);
    this.remove(entry);
    entry.reject(new AcknowledgementError(entry.operation, entry.topic, reason));
  }

  private remove(entry: Waiting): void {
    const index = this.waiting.indexOf(entry);
    if (index < 0) return;
    this.waiting.splice(index, 1);
    this.onChange();
  }
}
