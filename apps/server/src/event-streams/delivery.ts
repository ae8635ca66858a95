import type { EventStreamGap } from "@mn316-fleet/contracts";
import type { Logger } from "pino";
import { setTimeout as pause } from "node:timers/promises";
import type { SecretVault } from "../platform/secrets/secret-vault";
import type { WebhookSender } from "../platform/webhooks/webhook-sender";
import { type Batch, compose, message, unexplained, wantedOf } from "./batch";
import { type DeliveryStore, type OwnedStream, type Pending, PENDING_AT_ONCE } from "./delivery.store";
import type { StreamPace } from "./stream-pace";

/** What looking for events may take of the time, whatever the size of the fleet. */
const SHARE_OF_LOOKING = 0.05;

export interface DeliveryParts {
  store: DeliveryStore;
  sender: WebhookSender;
  vault: SecretVault;
  pace: StreamPace;
  logger: Logger;
}

/** One pass over all outboxes. */
interface Round {
  began: Date;
  beganMs: number;
  queue: Pending[];
  /** Behind which the next page of outboxes begins, unless all were read. */
  last: Pending | undefined;
  isRead: boolean;
  /** Devices of which more is to come than this round delivers: their turn is over, so that all others have theirs. */
  postponed: Set<string>;
  hasMoved: boolean;
}

/** Delivers one stream, as long as this process owns it: batch after batch, each until the receiver has taken it. */
export class Delivery {
  private readonly end = new AbortController();
  private round: Round | undefined;
  private generation = 0;

  constructor(
    readonly id: string,
    private readonly owner: string,
    private readonly parts: DeliveryParts,
  ) {}

  /** A batch that is under way is finished first. */
  stop(): void {
    this.end.abort();
  }

  /** Until it is stopped, or the stream is another's, paused or gone. */
  async run(): Promise<void> {
    const { store, pace, logger } = this.parts;
    try {
      while (!this.end.signal.aborted) {
        const renewedAtMs = performance.now();
        const stream = await this.renew();
        if (!stream) break;
        if (stream.generation !== this.generation) this.round = undefined;
        this.generation = stream.generation;
        await this.wait(
          stream.retryInMs > 0 ? Math.min(stream.retryInMs, pace.lookMs) : await this.step(stream, renewedAtMs),
        );
      }
    } catch (error) {
      logger.warn({ stream: this.id, reason: (error as Error).message }, "an event stream is interrupted");
    }
    await store.release(this.id, this.owner).catch(() => undefined); // the lease ends by itself
  }

  private renew(): Promise<OwnedStream | undefined> {
    return this.parts.store.renew(this.id, this.owner, this.parts.pace.leaseMs);
  }

  /** @returns how long to wait before the next step, in ms */
  private async step(stream: OwnedStream, renewedAtMs: number): Promise<number> {
    const round = (this.round ??= await this.begin());
    await this.fill(stream, round);
    if (round.queue.length === 0) return this.finish(stream, round);
    const wanted = wantedOf(round.queue);
    const read = await this.parts.store.events(wanted);
    const batch = compose(
      wanted.map((each, index) => ({ ...each, rows: read[index] ?? [] })),
      stream.kinds,
    );
    const gaps = await this.gapsOf(batch, wanted);
    const isEmpty = batch.events.length === 0 && gaps.length === 0;
    if (!isEmpty) {
      // An attempt must end before the lease does, however long the reading took.
      const isOwned =
        performance.now() - renewedAtMs < this.parts.pace.leaseMs / 2 || (await this.renew()) !== undefined;
      if (!isOwned || !(await this.send(stream, batch, gaps))) return 0;
    }
    const isMoved = await this.parts.store.commit(
      stream,
      this.owner,
      batch.moves,
      isEmpty ? undefined : batch.events.length,
    );
    if (isMoved) settle(round, batch);
    else this.round = undefined;
    return 0;
  }

  private async begin(): Promise<Round> {
    return {
      ...{ began: await this.parts.store.now(), beganMs: performance.now() },
      ...{ queue: [], last: undefined, isRead: false, postponed: new Set<string>(), hasMoved: false },
    };
  }

  private async fill(stream: OwnedStream, round: Round): Promise<void> {
    while (round.queue.length === 0 && !round.isRead) {
      const page = await this.parts.store.pending(stream, round.last);
      round.last = page.at(-1);
      round.isRead = page.length < PENDING_AT_ONCE;
      round.queue = page.filter(({ deviceId }) => !round.postponed.has(deviceId));
    }
  }

  private async finish(stream: OwnedStream, { began, beganMs, postponed, hasMoved }: Round): Promise<number> {
    this.round = undefined;
    if (postponed.size > 0) return 0;
    await this.parts.store.deliveredThrough(stream, this.owner, began);
    const lookedMs = hasMoved ? 0 : performance.now() - beganMs;
    return Math.max(this.parts.pace.pollMs, lookedMs / SHARE_OF_LOOKING);
  }

  private async gapsOf({ missing }: Batch, pending: readonly Pending[]): Promise<EventStreamGap[]> {
    const gaps: EventStreamGap[] = [];
    for (const gap of missing) {
      const outbox = pending.find(({ deviceId, epoch }) => deviceId === gap.deviceId && Number(epoch) === gap.epoch);
      if (outbox) gaps.push(...unexplained(gap, await this.parts.store.dropped(outbox)));
    }
    return gaps;
  }

  private async send(stream: OwnedStream, batch: Batch, gaps: readonly EventStreamGap[]): Promise<boolean> {
    const { sender, store, pace, logger } = this.parts;
    const outcome = await this.attempt(sender, stream, batch, gaps);
    if (outcome.isDelivered) return true;
    const retryAfterMs = outcome.mayRetry ? pace.retryAfterMs(stream.failures + 1) : undefined;
    logger.warn({ stream: this.id, reason: outcome.error, retryAfterMs }, "events were not taken");
    await store.fail(stream, this.owner, outcome.error, retryAfterMs);
    return false;
  }

  private attempt(sender: WebhookSender, stream: OwnedStream, batch: Batch, gaps: readonly EventStreamGap[]) {
    let secret: string;
    try {
      secret = this.parts.vault.open(stream, stream.id);
    } catch (error) {
      return { isDelivered: false as const, mayRetry: true, error: (error as Error).message };
    }
    return sender.send({ url: stream.url, secret, ...message(stream, batch, gaps) });
  }

  private async wait(ms: number): Promise<void> {
    if (ms > 0) await pause(ms, undefined, { signal: this.end.signal, ref: false }).catch(() => undefined);
  }
}

/** Takes out of the round's queue what a batch delivered. */
function settle(round: Round, { moves }: Batch): void {
  round.hasMoved = true;
  const done = round.queue.splice(0, moves.length);
  done.forEach(({ deviceId, acked }, index) => {
    if ((moves[index]?.seq ?? acked) < acked) round.postponed.add(deviceId);
  });
  round.queue = round.queue.filter(({ deviceId }) => !round.postponed.has(deviceId));
}
