import { MAX_FRAME_BYTES } from "@mn316-fleet/protocol";
import type { Outbox } from "../outbox/outbox";

export interface FlowLimits {
  /** Events in one frame at most. */
  batch: number;
  /** Frames under way at most. */
  inflight: number;
}

/** Room for the frame around the events. */
const ENVELOPE_BYTES = 256;

/**
 * Sends the outbox over one connection, in order: each batch bounded, and not more under way than the server allows.
 *
 * After days offline a live event waits behind the backlog, for the order is the contract: the server closes an interval by
 * each state event and takes numbers without a gap only, so nothing may overtake. What keeps live events from starving is
 * therefore the pace of the backlog alone: a batch goes out as soon as one is acknowledged, some tens of thousands of events
 * a second, while telling new ones costs one write of the disk for all that came together. What has to be told at once and
 * is not part of the history (`reported`, the console) goes past the outbox in frames of its own. The server is not overrun
 * because it sets both bounds, and acknowledges only what it has committed.
 */
export class EventSender {
  /** The first and the last number of each batch that is not acknowledged yet. */
  private readonly underWay: { first: number; last: number }[] = [];
  private isPumping = false;
  /** Something changed while a pump was running: it must look once more. */
  private isDue = false;
  private isStopped = false;
  private readonly onAppended = () => {
    this.pump();
  };

  /**
   * @param limits asked before each batch
   * @param send writes a text frame; false when the connection is gone
   */
  constructor(
    private readonly outbox: Outbox,
    private readonly limits: () => FlowLimits,
    private readonly send: (text: string) => boolean,
    private readonly onFailure: (error: unknown) => void,
    private nextSeq: number = outbox.resumeFrom,
  ) {
    outbox.on("appended", this.onAppended);
  }

  /** The last number that was sent, where anything is not acknowledged yet. */
  get lastUnderWay(): number | undefined {
    return this.underWay.at(-1)?.last;
  }

  /** The number of the event that is under way, where it is the only one. */
  get onlyUnderWay(): number | undefined {
    const [batch] = this.underWay;
    return this.underWay.length === 1 && batch?.first === batch?.last ? batch?.first : undefined;
  }

  /** Sends from a number on once more: what was under way is not any longer. */
  sendAgain(from: number): void {
    this.underWay.length = 0;
    this.nextSeq = from;
    this.pump();
  }

  /** Sends what may be sent now. */
  pump(): void {
    this.isDue = true;
    if (this.isPumping) return;
    this.isPumping = true;
    this.sendBatches()
      .catch(this.onFailure)
      .finally(() => (this.isPumping = false));
  }

  /** All up to `seq` are committed on the server. */
  async acknowledge(seq: number): Promise<void> {
    while (this.underWay[0] !== undefined && this.underWay[0].last <= seq) this.underWay.shift();
    this.pump();
    await this.outbox.ack(seq);
  }

  stop(): void {
    this.isStopped = true;
    this.outbox.off("appended", this.onAppended);
  }

  private async sendBatches(): Promise<void> {
    while (this.isDue) {
      this.isDue = false;
      await this.sendWhatMayBeSent();
    }
  }

  private async sendWhatMayBeSent(): Promise<void> {
    while (!this.isStopped && this.underWay.length < this.limits().inflight) {
      const batch = await this.outbox.read(this.nextSeq, this.limits().batch, MAX_FRAME_BYTES - ENVELOPE_BYTES);
      const [first, last] = [batch[0], batch.at(-1)];
      if (!first || !last) return;
      const events = batch.map(({ json }) => json).join(",");
      if (!this.send(`{"type":"events","epoch":${this.outbox.epoch},"events":[${events}]}`)) return;
      this.underWay.push({ first: first.seq, last: last.seq });
      this.nextSeq = last.seq + 1;
    }
  }
}
