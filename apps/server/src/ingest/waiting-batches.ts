import type { EventBatch } from "./event-batch";

/** What of a transaction is left to backlogs, however much comes fresh. */
const BACKLOG_SHARE = 0.25;

/**
 * Batches that wait for a writer: each device's in its own order, fresh ones before backlogs, and of the backlogs one device
 * after the other. A device with a backlog waits as a whole, because its fresh events come after its old ones.
 */
export class WaitingBatches {
  private readonly fresh = new Map<string, EventBatch[]>();
  private readonly backlogs = new Map<string, EventBatch[]>();

  get isEmpty(): boolean {
    return this.fresh.size === 0 && this.backlogs.size === 0;
  }

  /** Events of a device that wait. */
  eventsOf(deviceId: string): number {
    const queue = this.backlogs.get(deviceId) ?? this.fresh.get(deviceId) ?? [];
    return queue.reduce((sum, { events }) => sum + events.length, 0);
  }

  push(batch: EventBatch): void {
    const { deviceId } = batch;
    const queue = this.backlogs.get(deviceId) ?? this.fresh.get(deviceId) ?? [];
    queue.push(batch);
    this.place(deviceId, queue);
  }

  /** Puts batches that were taken back in front of all others of their devices. */
  putBack(batches: readonly EventBatch[]): void {
    for (const batch of [...batches].reverse()) {
      const { deviceId } = batch;
      this.place(deviceId, [batch, ...(this.backlogs.get(deviceId) ?? this.fresh.get(deviceId) ?? [])]);
    }
  }

  /**
   * The batches that are to be written next.
   * @param limit events; the last batch may exceed it
   * @param isBusy whether an earlier batch of the device is being written
   */
  take(limit: number, isBusy: (deviceId: string) => boolean): EventBatch[] {
    const taken: EventBatch[] = [];
    let room = limit - this.takeFresh(taken, this.backlogs.size > 0 ? limit * (1 - BACKLOG_SHARE) : limit, isBusy);
    room -= this.takeBacklogs(taken, room, isBusy);
    if (room > 0) this.takeFresh(taken, room, isBusy);
    return taken;
  }

  private takeFresh(taken: EventBatch[], room: number, isBusy: (deviceId: string) => boolean): number {
    let events = 0;
    for (const [deviceId, queue] of this.fresh) {
      if (events >= room) break;
      if (isBusy(deviceId)) continue;
      while (events < room && queue.length > 0) events += moveFirst(queue, taken);
      if (queue.length === 0) this.fresh.delete(deviceId);
    }
    return events;
  }

  /** Round after round, a batch of each device: the one that was served waits behind all others. */
  private takeBacklogs(taken: EventBatch[], room: number, isBusy: (deviceId: string) => boolean): number {
    let events = 0;
    for (let isServing = true; isServing && events < room;) {
      isServing = false;
      for (const [deviceId, queue] of [...this.backlogs]) {
        if (events >= room) break;
        if (isBusy(deviceId)) continue;
        events += moveFirst(queue, taken);
        isServing = true;
        this.backlogs.delete(deviceId);
        if (queue.length > 0) this.place(deviceId, queue);
      }
    }
    return events;
  }

  private place(deviceId: string, queue: EventBatch[]): void {
    const [home, other] = queue.some(({ isBacklog }) => isBacklog)
      ? [this.backlogs, this.fresh]
      : [this.fresh, this.backlogs];
    other.delete(deviceId);
    home.set(deviceId, queue);
  }
}

/** @returns how many events it holds */
function moveFirst(queue: EventBatch[], taken: EventBatch[]): number {
  const batch = queue.shift();
  if (!batch) return 0;
  taken.push(batch);
  return batch.events.length;
}
