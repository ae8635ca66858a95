import type { Clock } from "@mn316-fleet/at";
import { eventSchema, type UnnumberedEvent } from "@mn316-fleet/protocol";
import type { Logger } from "pino";
import type { Outbox } from "./outbox";

type Timeless<T> = T extends unknown ? Omit<T, "at"> & { at?: number } : never;
/** What happened; now, unless it says when. */
export type Happening = Timeless<UnnumberedEvent>;

const MAX_TEXT = 1_024;
const MAX_LINE = 4_096;

/** Cuts a text to what an event may carry. */
export function clip(text: string, max = MAX_TEXT): string {
  return text.length > max ? `${text.slice(0, max - 1)}…` : text;
}

/** Writes what happens into the outbox, and nothing that the server would refuse: that would hold up all behind it. */
export class Recorder {
  constructor(
    private readonly outbox: Outbox,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  /** @returns resolves when it is on disk */
  record(happening: Happening): Promise<void> {
    const event = clipped({ at: this.clock.now(), ...happening });
    const parsed = eventSchema.safeParse({ ...event, seq: 1 });
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      this.log.error({ kind: event.kind, field: issue?.path.join("."), rule: issue?.message }, "event not recorded");
      return Promise.resolve();
    }
    return this.outbox.append(event);
  }
}

function clipped(event: UnnumberedEvent): UnnumberedEvent {
  if (event.kind === "urc") return { ...event, line: clip(event.line, MAX_LINE) };
  if (event.kind === "console") return { ...event, text: clip(event.text, MAX_LINE) };
  if (event.kind === "suback") return { ...event, topic: clip(event.topic) };
  if ("reason" in event && event.reason !== undefined) return { ...event, reason: clip(event.reason) };
  return event;
}
