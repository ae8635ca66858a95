import {
  EVENT_KINDS,
  eventBase,
  eventSchema,
  eventsSchema,
  MAX_OUTPUT_BYTES,
  type StorableEvent,
  type UnreadEvent,
} from "@mn316-fleet/protocol";
import { z } from "zod";
import { longListIn } from "./long-lists";

/** A frame of events, each of them one that can be stored. */
export interface ReadEvents {
  type: "events";
  epoch: number;
  events: StorableEvent[];
}

/** What is wrong with a frame. */
interface Fault {
  path: PropertyKey[];
  message: string;
}

const KINDS: ReadonlySet<unknown> = new Set(EVENT_KINDS);
const MAX_KIND = 64;
/** Lines of an AT command's output, the longest list of an event. */
export const MAX_LINES = 10_000;
const framedSchema = eventsSchema.extend({ events: z.array(z.unknown()).min(1).max(1000) });
/** An event of an agent that is newer than this server: as much of it as any server can rely on. */
const laterSchema = z.looseObject({ ...eventBase, kind: z.string() });

/**
 * Reads a frame of events, one by one and up to the first that is wrong: to name all that is wrong with a thousand would take
 * a good part of a second. One of a kind that this server does not know, because its agent is newer, is kept as it came, under
 * its number: it must hold up neither its neighbours nor all that comes after it.
 * @returns the first thing that is wrong, where something is
 */
export function readEvents(frame: unknown): ReadEvents | Fault {
  const framed = framedSchema.safeParse(frame);
  if (!framed.success) return firstOf(framed.error);
  const events: StorableEvent[] = [];
  for (const [index, given] of framed.data.events.entries()) {
    const isKnown = !isOfUnknownKind(given);
    const longList = isKnown ? longListIn(given, MAX_LINES, 1) : undefined;
    if (longList !== undefined)
      return { path: ["events", index, longList], message: `must not hold more than ${MAX_LINES} items` };
    const later = !isKnown ? laterSchema.safeParse(given) : undefined;
    const read = later ?? eventSchema.safeParse(given);
    if (!read.success) {
      const issue = firstOf(read.error);
      return { path: ["events", index, ...issue.path], message: issue.message };
    }
    events.push(later?.success ? keptUnread(later.data) : (read.data as StorableEvent));
  }
  return { type: "events", epoch: framed.data.epoch, events };
}

function firstOf({ issues: [first] }: z.ZodError): Fault {
  return { path: first?.path ?? [], message: first?.message ?? "is wrong" };
}

function isOfUnknownKind(event: unknown): boolean {
  const kind = typeof event === "object" && event !== null ? (event as { kind?: unknown }).kind : undefined;
  return typeof kind === "string" && !KINDS.has(kind);
}

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
