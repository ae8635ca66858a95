import type { StorableEvent } from "@mn316-fleet/protocol";

export interface Accepted {
  /** The events that follow the committed ones without an unexplained gap. */
  events: StorableEvent[];
  /** All up to here will be committed. */
  acked: number;
  /** The first number that is missing with nothing said about it. */
  missing: number | undefined;
}

/**
 * Which events of a batch continue an outbox. What is committed already is passed over; a gap is accepted only where an
 * `outbox-gap` event says what was dropped. That event stands in the place of the dropped ones: its `to` is at most its own
 * number.
 */
export function continueSequence(acked: number, batch: readonly StorableEvent[]): Accepted {
  const accepted: Accepted = { events: [], acked, missing: undefined };
  const events = [...batch].sort((a, b) => a.seq - b.seq);
  let explainedTo = 0;
  for (const event of events) {
    if (event.kind === "outbox-gap" && event.from <= accepted.acked + 1) explainedTo = Math.max(explainedTo, event.to);
    if (event.seq <= accepted.acked) continue;
    if (event.seq > Math.max(accepted.acked, explainedTo) + 1) {
      accepted.missing = accepted.acked + 1;
      break;
    }
    accepted.events.push(event);
    accepted.acked = event.seq;
  }
  return accepted;
}
