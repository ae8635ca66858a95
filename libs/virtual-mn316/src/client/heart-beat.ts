import { LIMITS } from "@mn316-fleet/manual";
import type { Timers } from "../timers";

export interface HeartBeatOptions {
  keepAliveMs: number;
  ackTimeoutMs: () => number;
  /** Whether anything sent postpones the next ping, so that frequent publishing hides a dead link. */
  isPostponedByWrites: boolean;
  ping(): void;
  /** One ping went unanswered: +MQTTTO:5. */
  onLoss(): void;
  /** The last of them in a row: the link is given up. */
  onDead(): void;
}

/**
 * The heart-beat of one connection (§3.4): a ping when the broker was not heard, or nothing was said to it, for
 * keepAlive; each unanswered one is a loss, and the third in a row ends the connection.
 *
 * A new ping starts the ACK timer anew. So with a keepAlive below the ACK timeout no loss is ever seen, as §2.1 warns.
 */
export class HeartBeat {
  private heardAt: number;
  private saidAt: number;
  private pingedAt = 0;
  private losses = 0;
  private ackDueAt: number | undefined;
  private cancelAck: (() => void) | undefined;
  private cancelPing: (() => void) | undefined;

  constructor(
    private readonly timers: Timers,
    private readonly options: HeartBeatOptions,
  ) {
    this.heardAt = this.saidAt = timers.now();
    this.schedule();
  }

  heard(): void {
    this.heardAt = this.timers.now();
  }

  said(): void {
    this.saidAt = this.timers.now();
  }

  /** A PINGRESP is in. */
  answered(): void {
    this.losses = 0;
    this.disarm();
  }

  stop(): void {
    this.disarm();
    this.cancelPing?.();
  }

  private dueAt(): number {
    const { keepAliveMs, isPostponedByWrites } = this.options;
    const since = isPostponedByWrites ? Math.max(this.heardAt, this.saidAt) : Math.min(this.heardAt, this.saidAt);
    return Math.max(since, this.pingedAt) + keepAliveMs;
  }

  private schedule(): void {
    // One timer that looks again when it fires: traffic costs no timer of its own.
    this.cancelPing = this.timers.after(Math.max(0, this.dueAt() - this.timers.now()), () => {
      if (this.timers.now() < this.dueAt() - 1) this.schedule();
      else this.beat();
    });
  }

  private beat(): void {
    // Equal keepAlive and ACK timeout (§3.1's own sample): both are due now, and the loss comes first.
    if (this.ackDueAt !== undefined && this.ackDueAt <= this.timers.now() + 1 && !this.lose()) return;
    this.pingedAt = this.timers.now();
    this.disarm();
    const timeoutMs = this.options.ackTimeoutMs();
    this.ackDueAt = this.pingedAt + timeoutMs;
    this.cancelAck = this.timers.after(timeoutMs, () => this.lose());
    this.schedule();
    this.options.ping();
  }

  /** @returns whether the connection goes on */
  private lose(): boolean {
    this.disarm();
    this.losses++;
    const isDead = this.losses >= LIMITS.heartbeatLosses;
    if (isDead) this.stop();
    this.options.onLoss();
    if (isDead) this.options.onDead();
    return !isDead;
  }

  private disarm(): void {
    this.cancelAck?.();
    this.cancelAck = undefined;
    this.ackDueAt = undefined;
  }
}
