import type { EventKind, UnnumberedEvent } from "@mn316-fleet/protocol";

/** An event as the outbox holds it. */
export interface Held {
  seq: number;
  kind: EventKind;
  bytes: number;
  /** First number that is missing before this one, of an earlier gap. */
  gapFrom?: number;
}

/** Events from one number to another, both inclusive, that give way to one `outbox-gap` at the last number. */
export interface Run {
  from: number;
  to: number;
  bytes: number;
}

/** What tells least is dropped first; within a rank the oldest first. */
const RANKS: readonly ReadonlySet<EventKind>[] = [
  new Set(["signal", "ping", "publish-ack", "suback", "urc", "outbox-gap"]),
  new Set(["timeout", "reconnect", "recovery", "serial", "agent", "module-restart", "storage"]),
  new Set(["state", "config", "execution", "console"]),
];

/** About what a gap takes on disk. */
export const GAP_BYTES = 160;

/**
 * Which events to drop so that `bytes` become free. Neighbouring events become one run, since each run leaves a gap event
 * in its place; a run that would free nothing is left alone.
 * @param held in the order of their numbers
 */
export function shed(held: readonly Held[], bytes: number): Run[] {
  const dropped = new Set<Held>();
  for (const [index] of RANKS.entries()) {
    const kinds = new Set(RANKS.slice(0, index + 1).flatMap((rank) => [...rank]));
    let freed = freedBy(runsOf(held, dropped));
    for (const event of held) {
      if (freed >= bytes) break;
      if (!kinds.has(event.kind) || dropped.has(event)) continue;
      dropped.add(event);
      freed += event.bytes;
    }
    const runs = runsOf(held, dropped);
    if (freedBy(runs) >= bytes) return runs;
  }
  return runsOf(held, dropped);
}

function freedBy(runs: readonly Run[]): number {
  return runs.reduce((sum, { bytes }) => sum + bytes - GAP_BYTES, 0);
}

function runsOf(held: readonly Held[], dropped: ReadonlySet<Held>): Run[] {
  const runs: Run[] = [];
  let current: Run | undefined;
  for (const event of held) {
    if (!dropped.has(event)) {
      current = undefined;
      continue;
    }
    if (current) {
      current.to = event.seq;
      current.bytes += event.bytes;
      continue;
    }
    current = { from: event.gapFrom ?? event.seq, to: event.seq, bytes: event.bytes };
    runs.push(current);
  }
  return runs.filter(({ bytes }) => bytes > GAP_BYTES);
}

/** The event that stands in for a run; it takes the last number of the run. */
export function gapEvent({ from, to }: Pick<Run, "from" | "to">, at: number, reason: string): UnnumberedEvent {
  return { kind: "outbox-gap", at, from, to, reason };
}
