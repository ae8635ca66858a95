import {
  EVENT_KINDS,
  eventBase,
  eventSchema,
  eventsSchema,
  MAX_OUTPUT_BYTES,
  type StorableEvent,
} from "@mn316-fleet/protocol";
import { z } from "zod";

/** A frame of events, each of them one that can be stored. */
export interface ReadEvents {
  type: "events";
  epoch: number;
  events: StorableEvent[];
}

/** As much as may be expected of any server: the events are numbered. */
const numberedSchema = eventsSchema.extend({
  events: z
    .array(z.looseObject({ seq: eventBase.seq }))
    .min(1)
    .max(1000),
});
const KINDS: ReadonlySet<unknown> = new Set(EVENT_KINDS);
const MAX_KIND = 64;
const MAX_FAULT = 1_024;

/**
 * Reads a frame in which some event is not what this server expects, for example because its agent is newer. Each event that
 * cannot be read is kept as it came, under its number: it must hold up neither its neighbours nor all that comes after it.
 * @param now the time of an event that tells none, ms since 1970
 * @returns undefined where the events are not even numbered
 */
export function readEvents(frame: unknown, now: number): ReadEvents | undefined {
  const numbered = numberedSchema.safeParse(frame);
  if (!numbered.success) return undefined;
  const { epoch, events } = numbered.data;
  return { type: "events", epoch, events: events.map((event) => readEvent(event, now)) };
}

function readEvent(event: { seq: number; [field: string]: unknown }, now: number): StorableEvent {
  const parsed = eventSchema.safeParse(event);
  if (parsed.success) return parsed.data;
  const { seq, at, kind } = event;
  const [issue] = parsed.error.issues;
  const fault = KINDS.has(kind) ? `${issue?.path.join(".")}: ${issue?.message}` : "kind: is not known to this server";
  return {
    seq,
    at: eventBase.at.safeParse(at).data ?? now,
    kind: "unread",
    of: typeof kind === "string" ? kind.slice(0, MAX_KIND) : "",
    fault: fault.slice(0, MAX_FAULT),
    raw: textOf(event),
  };
}

/** Kept as a text: what nobody has read is of any size and depth, and the database would take neither. */
function textOf(event: object): string {
  try {
    return JSON.stringify(event).slice(0, MAX_OUTPUT_BYTES);
  } catch {
    return ""; // nested so deeply that it cannot be written
  }
}
