import { DEFAULT_LIMITS, type StorableEvent, type UnreadEvent } from "@mn316-fleet/protocol";
import { Inject, Injectable } from "@nestjs/common";
import type { Logger } from "pino";
import { Counter, Gauge, Histogram } from "prom-client";
import { LOGGER } from "../platform/logging/nest-logger";
import { Metrics } from "../platform/metrics/metrics";
import { INGEST_WRITERS } from "../platform/database/database";
import { mayRetry } from "../platform/problems/database-away";
import type { BatchSender, EventBatch } from "./event-batch";
import { EventWriter, type Written } from "./event-writer";
import { type Part, split } from "./parts";
import { WaitingBatches } from "./waiting-batches";

/**
 * Events that are worth a further transaction beside one that is under way; fewer wait for its end, but not for longer than
 * this. A transaction's own cost is that of some hundred events, and at half load it would be most of all.
 */
const WORTH_A_WRITER = { events: 500, ms: 25 };
/** Events of one transaction. */
const FLUSH_EVENTS = 2_000;
/** Events in memory; above it sockets are not read, so that a backlog waits on the agents' disks. */
export const MAX_BUFFERED_EVENTS = 20_000;
/** What those who have no backlog may still hand in then. */
const FRESH_RESERVE_EVENTS = 5_000;
/** Of a frame whose newest event is older there is more to come, and where as many wait as a full frame holds. */
const FRESH_MS = 60_000;
const FULL_FRAME_EVENTS = DEFAULT_LIMITS.batch;
const RETRY_MS = { min: 100, max: 5_000 };
/** One event that was not read is told in so long; all are counted. */
const TELL_UNREAD_MS = 60_000;
/** RFC 6455 and its registry: come again later. */
const TRY_AGAIN_LATER = 1013;

/**
 * The node's way from sockets into the database: batches wait in memory, are written as soon as a writer is free, and are
 * acknowledged after the commit. Batches of a device stay in order. A database that is away costs nothing but time.
 */
@Injectable()
export class Ingest {
  private readonly waiting = new WaitingBatches();
  private bufferedEvents = 0;
  private activeWriters = 0;
  private eventsBeingWritten = 0;
  /** Set while events wait that are too few for a further writer. */
  private gatherTimer: NodeJS.Timeout | undefined;
  private readonly busyDevices = new Set<string>();
  /** How full the buffer was last: 1 with backlogs, 2 for all. */
  private pressure = 0;
  private readonly pressureListeners: (() => void)[] = [];
  /** Set while the database is away: nothing is tried before the pause is over. */
  private retryTimer: NodeJS.Timeout | undefined;
  private failuresInARow = 0;
  private drained: (() => void)[] = [];
  private readonly stored: Counter;
  private readonly bare: Counter;
  private readonly unread: Counter;
  private toldUnreadAt = -Infinity;
  private readonly flushSeconds: Histogram;

  constructor(
    private readonly writer: EventWriter,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(Metrics) metrics: Metrics,
  ) {
    const registers = [metrics];
    this.stored = new Counter({ name: "fleet_events_stored_total", help: "Events committed by this node", registers });
    this.bare = new Counter({
      name: "fleet_events_unprojected_total",
      help: "Events that were stored, but that no state, interval or rollup could be learned from",
      registers,
    });
    this.unread = new Counter({
      name: "fleet_events_unread_total",
      help: "Events of a kind or form that this server does not know, stored as they came",
      registers,
    });
    const buffered = () => this.bufferedEvents;
    new Gauge({
      name: "fleet_events_buffered",
      help: "Events that this node received and did not commit yet",
      registers,
      collect() {
        this.set(buffered());
      },
    });
    this.flushSeconds = new Histogram({
      name: "fleet_ingest_flush_seconds",
      help: "Time of one ingest transaction",
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
      registers,
    });
  }

  /** Whether nothing more of a backlog should be submitted now. */
  get isFull(): boolean {
    return this.bufferedEvents > MAX_BUFFERED_EVENTS;
  }

  /** Whether nothing more at all should be submitted now. */
  get isFullForAll(): boolean {
    return this.bufferedEvents > MAX_BUFFERED_EVENTS + FRESH_RESERVE_EVENTS;
  }

  /** Events that are not committed yet. */
  get buffered(): number {
    return this.bufferedEvents;
  }

  /** @param listener hears when the buffer becomes full: sockets must not be read then but in turns */
  onPressure(listener: () => void): void {
    this.pressureListeners.push(listener);
  }

  /**
   * Takes a batch; its sender hears `ack` after the commit.
   * @returns whether it is a part of a backlog, which waits behind what comes fresh
   */
  submit(sender: BatchSender, epoch: number, events: StorableEvent[]): { isBacklog: boolean } {
    const receivedAt = new Date();
    const isOld = (events.at(-1)?.at ?? 0) < receivedAt.getTime() - FRESH_MS;
    // One that floods with news has a backlog, too: it must wait for its turn, and not take that of those who tell one thing.
    const isBacklog = isOld || this.waiting.eventsOf(sender.deviceId) + events.length >= FULL_FRAME_EVENTS;
    this.waiting.push({ sender, deviceId: sender.deviceId, epoch, events, receivedAt, isBacklog });
    this.bufferedEvents += events.length;
    this.tellPressure();
    this.startWriters();
    return { isBacklog };
  }

  /** Resolves when everything that was submitted is committed; gives up when the database is away. */
  async drain(): Promise<void> {
    if (this.retryTimer || (this.waiting.isEmpty && this.activeWriters === 0)) return;
    await new Promise<void>((resolve) => {
      this.drained.push(resolve);
    });
  }

  private startWriters(): void {
    while (this.mayStartWriter) {
      if (this.activeWriters > 0 && this.waitingEvents < WORTH_A_WRITER.events) {
        this.gather();
        return;
      }
      if (!this.startWriter()) return;
    }
  }

  private get mayStartWriter(): boolean {
    return this.activeWriters < INGEST_WRITERS && !this.retryTimer;
  }

  private get waitingEvents(): number {
    return this.bufferedEvents - this.eventsBeingWritten;
  }

  /** Lets what waits be written beside the transaction under way, however few it is, when it has waited for long enough. */
  private gather(): void {
    if (this.waiting.isEmpty) return;
    this.gatherTimer ??= setTimeout(() => {
      this.gatherTimer = undefined;
      if (this.mayStartWriter) this.startWriter();
    }, WORTH_A_WRITER.ms).unref();
  }

  /** @returns whether there was anything to write */
  private startWriter(): boolean {
    const batches = this.take();
    if (batches.length === 0) return false;
    clearTimeout(this.gatherTimer);
    this.gatherTimer = undefined;
    const events = batches.reduce((sum, batch) => sum + batch.events.length, 0);
    this.activeWriters++;
    this.eventsBeingWritten += events;
    void this.flush(batches).finally(() => {
      this.activeWriters--;
      this.eventsBeingWritten -= events;
      this.startWriters();
      if (this.waiting.isEmpty && this.activeWriters === 0) this.endDrain();
    });
    return true;
  }

  private take(): EventBatch[] {
    const taken = this.waiting.take(FLUSH_EVENTS, (deviceId) => this.busyDevices.has(deviceId));
    for (const { deviceId } of taken) this.busyDevices.add(deviceId);
    return taken;
  }

  private async flush(batches: EventBatch[]): Promise<void> {
    try {
      const endTimer = this.flushSeconds.startTimer();
      const written = await this.writer.write(batches);
      endTimer();
      this.settle(written);
    } catch (error) {
      if (mayRetry(error)) this.postpone(batches, error);
      else await this.isolate(batches, error);
    } finally {
      for (const { deviceId } of batches) this.busyDevices.delete(deviceId);
    }
  }

  private settle(written: readonly Written[]): void {
    this.failuresInARow = 0;
    for (const { batch, stored, unread, acked, missing } of written) {
      const { sender, epoch, events } = batch;
      this.stored.inc(stored);
      this.tellUnread(sender.deviceId, unread);
      this.release(events.length);
      if (missing !== undefined)
        sender.reject("gap", `events: number ${missing} is missing and no outbox-gap event explains it`, "events");
      sender.settled(events.length);
      sender.send({ type: "ack", epoch, seq: acked });
    }
  }

  /** Puts batches back to where they were, and tries again later. */
  private postpone(batches: EventBatch[], error: unknown): void {
    this.waiting.putBack(batches);
    this.logger.warn({ reason: (error as Error).message, events: this.bufferedEvents }, "events wait for the database");
    this.endDrain();
    const delayMs = Math.min(RETRY_MS.min * 2 ** this.failuresInARow++, RETRY_MS.max);
    this.retryTimer ??= setTimeout(() => {
      this.retryTimer = undefined;
      this.startWriters();
    }, delayMs).unref();
  }

  /**
   * Something in these batches cannot be written. They are halved until it stands alone, so that nothing else waits for it;
   * the event itself is then stored without being projected: told in the log, lost to nobody, in nobody's way.
   */
  private async isolate(batches: EventBatch[], error: unknown): Promise<void> {
    const parts = split(batches, error);
    for (let part = parts.shift(); part; part = parts.shift()) {
      const isBare = part.bareBecause !== undefined;
      try {
        const written = await this.writer.write(part.batches, !isBare);
        if (isBare) this.tellBare(part);
        this.settle(written);
      } catch (partError) {
        if (mayRetry(partError)) {
          this.postpone(
            [part, ...parts].flatMap((left) => left.batches),
            partError,
          );
          return;
        }
        if (isBare) this.giveUp(part.batches, partError);
        else parts.unshift(...split(part.batches, partError));
      }
    }
  }

  private tellBare({ batches, bareBecause }: Part): void {
    for (const { deviceId, epoch, events } of batches)
      for (const { seq, kind } of events) {
        this.bare.inc();
        this.logger.error({ err: bareBecause, deviceId, epoch, seq, kind }, "an event is stored without its meaning");
      }
  }

  private tellUnread(deviceId: string, unread: readonly UnreadEvent[]): void {
    const [first] = unread;
    if (!first) return;
    this.unread.inc(unread.length);
    if (performance.now() - this.toldUnreadAt < TELL_UNREAD_MS) return;
    this.toldUnreadAt = performance.now();
    const { seq, of, fault } = first;
    this.logger.warn({ deviceId, seq, of, fault }, "an event is stored unread: is its agent newer than this server?");
  }

  /** The agent keeps what is not acknowledged, and comes back with it later. */
  private giveUp(batches: readonly EventBatch[], error: unknown): void {
    for (const { sender, deviceId, epoch, events } of batches) {
      this.logger.error({ err: error, deviceId, epoch, seq: events[0]?.seq }, "an event cannot be stored");
      this.release(events.length);
      sender.reject("not-stored", "events: the server cannot store this event; it was logged there", "events");
      sender.close(TRY_AGAIN_LATER, "try again later");
    }
  }

  private release(events: number): void {
    this.bufferedEvents -= events;
    this.tellPressure();
  }

  private tellPressure(): void {
    const before = this.pressure;
    this.pressure = Number(this.isFull) + Number(this.isFullForAll);
    if (this.pressure > before) for (const listener of this.pressureListeners) listener();
  }

  private endDrain(): void {
    for (const resolve of this.drained.splice(0)) resolve();
  }
}
