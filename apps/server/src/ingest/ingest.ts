import type { FleetEvent } from "@mn316-fleet/protocol";
import { Inject, Injectable } from "@nestjs/common";
import type { Logger } from "pino";
import { Counter, Histogram } from "prom-client";
import { LOGGER } from "../platform/logging/nest-logger";
import { Metrics } from "../platform/metrics/metrics";
import { isDatabaseAway } from "../platform/problems/database-away";
import type { BatchSender, EventBatch } from "./event-batch";
import { EventWriter, type Written } from "./event-writer";

/** Transactions under way at once: more gain nothing on the database's side. */
const WRITERS = 2;
/** Events of one transaction. */
const FLUSH_EVENTS = 2_000;
/** Events in memory; above it sockets are not read, so that a backlog waits on the agents' disks. */
const MAX_BUFFERED_EVENTS = 20_000;
const RETRY_MS = { min: 100, max: 5_000 };

/**
 * The node's way from sockets into the database: batches wait in memory, are written as soon as a writer is free, and are
 * acknowledged after the commit. Batches of a device stay in order. A database that is away costs nothing but time.
 */
@Injectable()
export class Ingest {
  private waiting: EventBatch[] = [];
  private bufferedEvents = 0;
  private activeWriters = 0;
  private readonly busyDevices = new Set<string>();
  private readonly paused = new Set<BatchSender>();
  /** Set while the database is away: nothing is tried before the pause is over. */
  private retryTimer: NodeJS.Timeout | undefined;
  private failuresInARow = 0;
  private drained: (() => void) | undefined;
  private readonly stored: Counter;
  private readonly flushSeconds: Histogram;

  constructor(
    private readonly writer: EventWriter,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(Metrics) metrics: Metrics,
  ) {
    const registers = [metrics];
    this.stored = new Counter({ name: "fleet_events_stored_total", help: "Events committed by this node", registers });
    this.flushSeconds = new Histogram({
      name: "fleet_ingest_flush_seconds",
      help: "Time of one ingest transaction",
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
      registers,
    });
  }

  /** Takes a batch; its sender hears `ack` after the commit, and is not read while the buffer is full. */
  submit(sender: BatchSender, epoch: number, events: FleetEvent[]): void {
    this.waiting.push({ sender, deviceId: sender.deviceId, epoch, events, receivedAt: new Date() });
    this.bufferedEvents += events.length;
    if (this.bufferedEvents > MAX_BUFFERED_EVENTS) {
      this.paused.add(sender);
      sender.pause();
    }
    this.startWriters();
  }

  /** Resolves when everything that was submitted is committed; gives up when the database is away. */
  async drain(): Promise<void> {
    if (this.waiting.length === 0 && this.activeWriters === 0) return;
    await new Promise<void>((resolve) => {
      this.drained = resolve;
      if (this.retryTimer) resolve();
    });
  }

  private startWriters(): void {
    while (this.activeWriters < WRITERS && !this.retryTimer) {
      const batches = this.take();
      if (batches.length === 0) return;
      this.activeWriters++;
      void this.flush(batches).finally(() => {
        this.activeWriters--;
        this.startWriters();
        if (this.waiting.length === 0 && this.activeWriters === 0) this.drained?.();
      });
    }
  }

  /** The oldest batches of devices that no writer is busy with. */
  private take(): EventBatch[] {
    const taken: EventBatch[] = [];
    const left: EventBatch[] = [];
    let events = 0;
    for (const batch of this.waiting) {
      if (events >= FLUSH_EVENTS || this.busyDevices.has(batch.deviceId)) {
        left.push(batch);
        continue;
      }
      taken.push(batch);
      events += batch.events.length;
    }
    for (const { deviceId } of taken) this.busyDevices.add(deviceId);
    this.waiting = left;
    return taken;
  }

  private async flush(batches: EventBatch[]): Promise<void> {
    try {
      const endTimer = this.flushSeconds.startTimer();
      const written = await this.writer.write(batches);
      endTimer();
      this.settle(written);
    } catch (error) {
      if (isDatabaseAway(error)) this.postpone(batches, error);
      else await this.isolate(batches, error);
    } finally {
      for (const { deviceId } of batches) this.busyDevices.delete(deviceId);
    }
  }

  private settle(written: readonly Written[]): void {
    this.failuresInARow = 0;
    for (const { batch, acked, missing } of written) {
      const { sender, epoch, events } = batch;
      this.stored.inc(events.length);
      this.release(events.length);
      if (missing !== undefined)
        sender.reject("gap", `events: number ${missing} is missing and no outbox-gap event explains it`);
      sender.send({ type: "ack", epoch, seq: acked });
    }
  }

  /** Puts batches back to where they were, and tries again later. */
  private postpone(batches: EventBatch[], error: unknown): void {
    this.waiting = [...batches, ...this.waiting];
    this.logger.warn({ reason: (error as Error).message, events: this.bufferedEvents }, "events wait for the database");
    this.drained?.();
    const delayMs = Math.min(RETRY_MS.min * 2 ** this.failuresInARow++, RETRY_MS.max);
    this.retryTimer ??= setTimeout(() => {
      this.retryTimer = undefined;
      this.startWriters();
    }, delayMs).unref();
  }

  /** Something in these batches cannot be written: the others must not wait for it. */
  private async isolate(batches: EventBatch[], error: unknown): Promise<void> {
    if (batches.length > 1) {
      const middle = Math.ceil(batches.length / 2);
      await this.flushPart(batches.slice(0, middle));
      await this.flushPart(batches.slice(middle));
      return;
    }
    for (const { sender, deviceId, events } of batches) {
      this.logger.error({ err: error, deviceId, seq: events[0]?.seq }, "a batch cannot be stored");
      this.release(events.length);
      sender.reject("not-stored", "events: the server cannot store this batch; it was logged there");
    }
  }

  private async flushPart(batches: EventBatch[]): Promise<void> {
    try {
      this.settle(await this.writer.write(batches));
    } catch (error) {
      if (isDatabaseAway(error)) this.postpone(batches, error);
      else await this.isolate(batches, error);
    }
  }

  private release(events: number): void {
    this.bufferedEvents -= events;
    if (this.bufferedEvents > MAX_BUFFERED_EVENTS / 2 || this.paused.size === 0) return;
    for (const sender of this.paused) sender.resume();
    this.paused.clear();
  }
}
