import {
  EVENT_KINDS,
  eventBase,
  eventSchema,
  eventsSchema,
  MAX_OUTPUT_BYTES,
  type FleetEvent,
  type StorableEvent,
  type UnreadEvent,
} from "@mn316-fleet/protocol";
import { z } from "zod";

/** A frame of events, each of them one that can be stored. */
export interface ReadEvents {
  type: "events";
  epoch: number;
  events: StorableEvent[];
}

const KINDS: ReadonlySet<string> = new Set(EVENT_KINDS);
const MAX_KIND = 64;
/** An event of an agent that is newer than this server: as much of it as any server can rely on. */
const laterSchema = z.looseObject({ ...eventBase, kind: z.string().refine((kind) => !KINDS.has(kind)) });
const framedSchema = eventsSchema.extend({
  events: z
    .array(z.union([eventSchema, laterSchema]))
    .min(1)
    .max(1000),
});

/**
 * Reads a frame in which some event is of a kind that this server does not know, because its agent is newer. Each of these
 * is kept as it came, under its number: it must hold up neither its neighbours nor all that comes after it.
 * @returns undefined where anything else is wrong with the frame
 */
export function readEvents(frame: unknown): ReadEvents | undefined {
  const framed = framedSchema.safeParse(frame);
  if (!framed.success) return undefined;
  const { epoch, events } = framed.data;
  return { type: "events", epoch, events: events.map((event) => (isKnown(event) ? event : keptUnread(event))) };
}

const isKnown = (event: { kind: string }): event is FleetEvent => KINDS.has(event.kind);

function keptUnread(event: z.infer<typeof laterSchema>): UnreadEvent {
  const { seq, at, kind } = event;
  const fault = "kind: is not known to this server";
  return { seq, at, kind: "unread", of: kind.slice(0, MAX_KIND), fault, raw: textOf(event) };
}

/** Kept as a text: what nobody has read is of any size and depth, and the database would take neither. */
function textOf(event: object): string {
  try {
    return JSON.stringify(event).slice(0, MAX_OUTPUT_BYTES);
  } catch {
    return ""; // nested so deeply that it cannot be written
  }
}
