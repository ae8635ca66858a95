import type { Clock } from "@mn316-fleet/at";
import type { KnownModuleState } from "@mn316-fleet/manual";
import type { FleetEvent, UnnumberedEvent } from "@mn316-fleet/protocol";
import { EventEmitter } from "node:events";
import type { Logger } from "pino";
import type { AgentStore, Write } from "../store/agent-store";
import { backoffMs, pause } from "../time";
import { nextEpoch } from "./epoch";
import { gapEvent, type Held, type Run, shed } from "./shedding";

export interface OutboxOptions {
  dataDir: string;
  clock: Clock;
  log: Logger;
  /** Bytes of events kept at most; 64 MiB unless given. */
  limitBytes?: number | undefined;
  /** The store lost something at its end: numbers that may have been used are not used again. */
  wasRepaired?: boolean;
}

/** What a state event last said, and when the agent was last known to live. */
export interface LastSeen {
  state: KnownModuleState;
  since: number;
  aliveAt: number;
}

interface Pending {
  seq: number;
  kind: FleetEvent["kind"];
  json: string;
  gapFrom?: number;
  lastState?: string;
  done: (() => void)[];
}

interface Head {
  /** The next number. */
  next: number;
  /** When the last event was written, ms since 1970. */
  aliveAt: number;
}

const KEYS = { epoch: "m/epoch", head: "m/head", state: "m/state" };
const LAST_KEY = "e~";
const DEFAULT_LIMIT_BYTES = 64 * 1024 * 1024;
/** Events that wait in memory while the disk takes none. */
const PENDING_LIMIT_BYTES = 4 * 1024 * 1024;
/** How much is freed at once, so that shedding is rare. */
const SHED_SHARE = 1 / 8;
const RETRY_DELAY = { minMs: 500, maxMs: 30_000 };
const REPAIR_SKIP = 1_000_000;
const MAX_REASON = 1_024;

const keyOf = (seq: number) => `e${String(seq).padStart(16, "0")}`;
const seqOf = (key: string) => Number(key.slice(1));

/**
 * The events on their way to the server: numbered from 1 within an epoch, on disk before they are sent, removed when the
 * server has committed them. Appends that come together are written together, with one sync of the disk.
 * Emits `appended` after each write.
 */
export class Outbox extends EventEmitter<{ appended: [] }> {
  private pending: Pending[] = [];
  private pendingBytes = 0;
  /** On disk; until all is measured only what came and went since the start. */
  private heldBytes = 0;
  private writer: Promise<void> | undefined;
  private readonly closing = new AbortController();
  private trimming: Promise<void> = Promise.resolve();

  private constructor(
    private readonly store: AgentStore,
    private readonly options: OutboxOptions,
    readonly epoch: number,
    /** What was known when the agent last ran. */
    readonly lastSeen: LastSeen | undefined,
    private next: number,
    private acked: number,
  ) {
    super();
  }

  static async open(store: AgentStore, options: OutboxOptions): Promise<Outbox> {
    const { clock, dataDir, wasRepaired } = options;
    let epoch = await store.read<number>(KEYS.epoch);
    if (epoch === undefined) {
      epoch = await nextEpoch(dataDir, clock.now());
      await store.save(KEYS.epoch, epoch);
    }
    const head = await store.read<Head>(KEYS.head);
    const ends = await store.ends("e", LAST_KEY);
    const next = Math.max(head?.next ?? 1, ends ? seqOf(ends[1]) + 1 : 1);
    const first = ends ? seqOf(ends[0]) : next;
    const state = await store.read<Omit<LastSeen, "aliveAt">>(KEYS.state);
    const lastSeen = state && { ...state, aliveAt: Math.max(head?.aliveAt ?? 0, state.since) };
    const outbox = new Outbox(store, options, epoch, lastSeen, next, first - 1);
    void outbox.measure();
    if (wasRepaired) await outbox.skip(REPAIR_SKIP, "the store was damaged and repaired");
    return outbox;
  }

  /** The first number that the server may not have. */
  get resumeFrom(): number {
    return this.acked + 1;
  }

  /** The number that the next event gets. */
  get nextSeq(): number {
    return this.next;
  }

  /** Bytes of events on disk; what was there at the start is counted in some seconds. */
  get sizeBytes(): number {
    return Math.max(0, this.heldBytes);
  }

  /**
   * Numbers an event and puts it on disk. The number is taken at once, so events keep the order of the calls.
   * @returns resolves when it is on disk; while the disk takes nothing it waits in memory
   */
  append(event: UnnumberedEvent): Promise<void> {
    const seq = this.next++;
    const json = JSON.stringify({ seq, ...event });
    return new Promise((resolve) => {
      this.pending.push({
        seq,
        kind: event.kind,
        json,
        ...(event.kind === "outbox-gap" && { gapFrom: event.from }),
        ...(event.kind === "state" && { lastState: JSON.stringify({ state: event.to, since: event.at }) }),
        done: [resolve],
      });
      this.pendingBytes += json.length;
      this.writer ??= this.writeAll();
    });
  }

  /**
   * Reads events from a number on, in order.
   * @param count of events at most
   * @param bytes of their JSON at most; a single larger one is still read
   */
  async read(from: number, count: number, bytes: number): Promise<{ seq: number; json: string }[]> {
    const events: { seq: number; json: string }[] = [];
    let total = 0;
    for await (const [key, json] of this.store.entries(keyOf(from), LAST_KEY)) {
      total += Buffer.byteLength(json) + 1;
      if (events.length > 0 && total > bytes) break;
      events.push({ seq: seqOf(key), json });
      if (events.length === count) break;
    }
    return events;
  }

  /** The server has committed all up to `seq`: they are removed. */
  ack(seq: number): Promise<void> {
    this.trimming = this.trimming.then(() => this.trim(Math.min(seq, this.next - 1)));
    return this.trimming;
  }

  /** Numbers up to `seq` were used before, by a later state of this store: they are not used again. */
  advance(seq: number): void {
    this.next = Math.max(this.next, seq + 1);
  }

  /** Leaves numbers out, with an event that says so. */
  skip(count: number, reason: string): Promise<void> {
    const from = this.next;
    this.next += count;
    return this.append({ kind: "outbox-gap", at: this.options.clock.now(), from, to: this.next, reason });
  }

  /**
   * Puts an `outbox-gap` in the place of stored numbers that the server does not take, or that are not here any more.
   * @param to the last of them, which the gap event gets
   */
  async explain(from: number, to: number, reason: string): Promise<void> {
    const before = await this.store.get(keyOf(to));
    const replaced = before === undefined ? undefined : (JSON.parse(before) as FleetEvent);
    const first = replaced?.kind === "outbox-gap" ? Math.min(from, replaced.from) : from;
    const json = this.gapJson({ from: first, to }, reason);
    await this.store.write([{ key: keyOf(to), value: json }]);
    this.heldBytes += json.length - (before?.length ?? 0);
    this.options.log.error({ from: first, to, kind: replaced?.kind, reason }, "events dropped");
  }

  /** Resolves when all that was appended is on disk. */
  async flush(): Promise<void> {
    while (this.writer) await this.writer;
    await this.trimming;
  }

  /** Ends the writing; what the disk did not take is lost with the process. */
  async close(): Promise<void> {
    this.closing.abort();
    await this.flush();
  }

  /**
   * Counts what was on disk at the start. A full outbox takes seconds to read, and the agent says hello meanwhile: the
   * iterator sees the store as it was when it was made, so what comes and goes since then is counted beside it.
   */
  private async measure(): Promise<void> {
    while (!this.closing.signal.aborted) {
      let bytes = 0;
      try {
        for await (const [, value] of this.store.entries("e", LAST_KEY)) bytes += value.length;
        this.heldBytes += bytes;
        return;
      } catch {
        // The store was opened anew, or is closing: what is there then is counted from the start.
        await pause(this.options.clock, RETRY_DELAY.minMs, this.closing.signal);
        this.heldBytes = 0;
      }
    }
  }

  /** What cannot be removed now, because the store is opened anew or the disk fails, goes with the next acknowledgement. */
  private async trim(seq: number): Promise<void> {
    if (seq <= this.acked) return;
    this.acked = seq;
    try {
      const writes: Write[] = [];
      let bytes = 0;
      for await (const [key, value] of this.store.entries("e", keyOf(seq))) {
        writes.push({ key, value: undefined });
        bytes += value.length;
      }
      // Not synced: events that come back after a power cut are sent again, and the server stores them once.
      await this.store.write(writes, false);
      this.heldBytes -= bytes;
    } catch (error) {
      this.options.log.warn({ err: error }, "outbox not trimmed");
    }
  }

  private async writeAll(): Promise<void> {
    const { clock, log } = this.options;
    let trouble: { since: number; reason: string } | undefined;
    for (let attempt = 0; this.pending.length > 0;) {
      const group = this.pending;
      try {
        await this.writeGroup(group);
        attempt = 0;
        if (trouble) {
          const { since, reason } = trouble;
          trouble = undefined;
          log.info({ since: new Date(since).toISOString() }, "disk takes events again");
          const at = clock.now();
          // A clock that was set back meanwhile must not make it begin after it ended.
          void this.append({ kind: "storage", at, since: Math.min(since, at), reason: reason.slice(0, MAX_REASON) });
        }
      } catch (error) {
        const reason = causeOf(error);
        if (!trouble)
          log.error(
            { reason, waiting: group.length },
            "disk takes no events: free some space, or check that it is writable",
          );
        trouble ??= { since: clock.now(), reason };
        this.shedPending();
        const delay = backoffMs(attempt++, RETRY_DELAY, Math.random);
        if (!(await pause(clock, delay, this.closing.signal))) break;
      }
    }
    // In the very tick that found nothing pending: an append one tick later must begin the writing anew.
    this.writer = undefined;
  }

  private async writeGroup(group: Pending[]): Promise<void> {
    const count = group.length;
    const last = group[count - 1];
    if (!last) return;
    const writes: Write[] = group.map(({ seq, json }) => ({ key: keyOf(seq), value: json }));
    const head: Head = { next: last.seq + 1, aliveAt: this.options.clock.now() };
    writes.push({ key: KEYS.head, value: JSON.stringify(head) });
    const state = group.findLast(({ lastState }) => lastState)?.lastState;
    if (state !== undefined) writes.push({ key: KEYS.state, value: state });
    await this.store.write(writes);
    // Appends that came meanwhile stand behind the group in the same list.
    this.pending = this.pending.slice(count);
    const bytes = group.slice(0, count).reduce((sum, { json }) => sum + json.length, 0);
    this.pendingBytes -= bytes;
    this.heldBytes += bytes;
    for (const { done } of group.slice(0, count)) for (const resolve of done) resolve();
    const limit = this.options.limitBytes ?? DEFAULT_LIMIT_BYTES;
    if (this.heldBytes > limit) await this.shedStored(this.heldBytes - limit * (1 - SHED_SHARE));
    this.emit("appended");
  }

  private async shedStored(bytes: number): Promise<void> {
    const held: Held[] = [];
    for await (const [key, json] of this.store.entries("e", LAST_KEY)) {
      const event = JSON.parse(json) as FleetEvent;
      held.push({
        seq: seqOf(key),
        kind: event.kind,
        bytes: json.length,
        ...(event.kind === "outbox-gap" && { gapFrom: event.from }),
      });
    }
    const runs = shed(held, bytes);
    const writes: Write[] = [];
    let index = 0;
    for (const run of runs) {
      for (let event = held[index]; event && event.seq <= run.to; event = held[++index])
        if (event.seq >= run.from) writes.push({ key: keyOf(event.seq), value: undefined });
      const json = this.gapJson(run, "the outbox was full");
      writes.push({ key: keyOf(run.to), value: json }); // after its deletion: the last write of a key counts
      this.heldBytes += json.length - run.bytes;
    }
    await this.store.write(writes);
    this.options.log.warn({ runs: runs.length, sizeBytes: this.heldBytes }, "outbox full, events dropped");
  }

  private shedPending(): void {
    if (this.pendingBytes <= PENDING_LIMIT_BYTES) return;
    const held = this.pending.map(({ json, ...event }): Held => ({ ...event, bytes: json.length }));
    for (const run of shed(held, this.pendingBytes - PENDING_LIMIT_BYTES * (1 - SHED_SHARE))) {
      const isInRun = ({ seq }: Pending) => seq >= run.from && seq <= run.to;
      const dropped = this.pending.filter(isInRun);
      const json = this.gapJson(run, "the disk took nothing");
      const gap: Pending = { seq: run.to, kind: "outbox-gap", json, gapFrom: run.from, done: [] };
      gap.done = dropped.flatMap(({ done }) => done);
      this.pending = this.pending.flatMap((event) => (event.seq === run.to ? [gap] : isInRun(event) ? [] : [event]));
      this.pendingBytes += json.length - run.bytes;
    }
  }

  private gapJson(run: Pick<Run, "from" | "to">, reason: string): string {
    return JSON.stringify({ seq: run.to, ...gapEvent(run, this.options.clock.now(), reason.slice(0, MAX_REASON)) });
  }
}

/** What the disk said, and not only that the store failed. */
function causeOf(error: unknown): string {
  const { message, cause } = error as Error & { cause?: Error };
  return cause?.message ?? message;
}
