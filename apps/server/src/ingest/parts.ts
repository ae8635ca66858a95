import type { EventBatch } from "./event-batch";

/** Batches that are written together when the whole could not be. */
export interface Part {
  batches: EventBatch[];
  /** Why its one event is stored without what the projectors would learn from it. */
  bareBecause?: unknown;
}

/** Two halves in order: of the batches, of a single batch's events, or at last the one event, to be stored as it is. */
export function split(batches: EventBatch[], error: unknown): Part[] {
  const [first] = batches;
  if (first && batches.length === 1) {
    if (first.events.length === 1) return [{ batches, bareBecause: error }];
    return halves(first.events).map((events) => ({ batches: [{ ...first, events }] }));
  }
  return halves(batches).map((half) => ({ batches: half }));
}

function halves<T>(items: T[]): [T[], T[]] {
  const middle = Math.ceil(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)];
}
