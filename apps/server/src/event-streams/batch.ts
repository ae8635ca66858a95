import type { EventStreamGap } from "@mn316-fleet/contracts";
import { createHash } from "node:crypto";
import { type EventRow, toStoredEvent } from "../history/history.store";
import type { Move, OwnedStream, Pending, Wanted } from "./delivery.store";

export const MAX_EVENTS = 1_000;
const MAX_BYTES = 1024 * 1024;

/** What was read of an outbox: as many events as were asked for, or all there are. */
export type Portion = Wanted & { rows: EventRow[] };

/** What goes out in one webhook. */
export interface Batch {
  /** Where the outboxes stand after it, in the order of the portions; fewer where not all went in. */
  moves: Move[];
  /** JSON of each event. */
  events: string[];
  /** Numbers for which there is no event any more. */
  missing: EventStreamGap[];
  newest: Date | undefined;
}

/** How many events to ask of each outbox, for a batch; fewer outboxes where the first ones fill it. */
export function wantedOf(queue: readonly Pending[]): Wanted[] {
  const wanted: Wanted[] = [];
  let left = MAX_EVENTS;
  for (const pending of queue) {
    if (left === 0) break;
    const quota = Math.min(pending.acked - pending.seq, left);
    wanted.push({ ...pending, quota });
    left -= quota;
  }
  return wanted;
}

/** Puts as much into a batch as it may hold, at least one event. */
export function compose(portions: readonly Portion[], kinds: readonly string[] | null, maxBytes = MAX_BYTES): Batch {
  const batch: Batch = { moves: [], events: [], missing: [], newest: undefined };
  let bytes = 0;
  for (const { deviceId, epoch, acked, rows, quota, ...start } of portions) {
    let { seq, isStart } = start;
    const passOver = (to: number) => {
      if (!isStart && to > seq) batch.missing.push({ deviceId, epoch: Number(epoch), from: seq + 1, to });
    };
    for (const row of rows) {
      const text = !kinds || kinds.includes(row.kind) ? JSON.stringify({ deviceId, ...toStoredEvent(row) }) : "";
      if (bytes > 0 && bytes + text.length > maxBytes) {
        if (seq > start.seq) batch.moves.push({ deviceId, epoch, seq, isStart });
        return batch;
      }
      passOver(Number(row.seq) - 1);
      [seq, isStart] = [Number(row.seq), false];
      if (text === "") continue;
      batch.events.push(text);
      bytes += Buffer.byteLength(text);
      if (!batch.newest || row.receivedAt > batch.newest) batch.newest = row.receivedAt;
    }
    if (rows.length < quota) {
      passOver(acked);
      seq = acked;
    }
    batch.moves.push({ deviceId, epoch, seq, isStart });
  }
  return batch;
}

/** The missing numbers without those of which the agent said that it dropped them: its own event tells that already. */
export function unexplained(gap: EventStreamGap, dropped: readonly { from: number; to: number }[]): EventStreamGap[] {
  let left = [gap];
  for (const { from, to } of dropped)
    left = left.flatMap((part) => [
      ...(part.from < from ? [{ ...part, to: Math.min(part.to, from - 1) }] : []),
      ...(part.to > to ? [{ ...part, from: Math.max(part.from, to + 1) }] : []),
    ]);
  return left;
}

/** The body, and an id that is the same for every attempt at the same events. */
export function message(
  { id, name, generation }: OwnedStream,
  { moves, events, newest }: Batch,
  gaps: readonly EventStreamGap[],
): { id: string; body: string } {
  const timestamp = (newest ?? new Date()).toISOString();
  const stream = JSON.stringify({ id, name });
  const body = `{"type":"events","timestamp":"${timestamp}","data":{"stream":${stream},"events":[${events.join(",")}],"gaps":${JSON.stringify(gaps)}}}`;
  const digest = createHash("sha256").update(JSON.stringify([id, generation, moves, events.length]));
  return { id: `msg_${digest.digest("base64url").slice(0, 27)}`, body };
}
