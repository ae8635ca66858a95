import { type FrameOf, type UpFrame, upFrameSchema } from "@mn316-fleet/protocol";
import { type ReadEvents, readEvents } from "./read-events";

/** A frame as the server takes it: its events are the agent's, or what is stored in the place of one that it cannot read. */
export type ReceivedFrame = Exclude<UpFrame, FrameOf<UpFrame, "events">> | ReadEvents;

/** What is wrong with a frame, as the agent is told: the field and the rule. */
export interface FrameFault {
  code: "not-json" | "unknown-type" | "invalid";
  message: string;
  /** The frame's type, where it has a known one. */
  frame?: UpFrame["type"];
}

const TYPES: ReadonlySet<unknown> = new Set(upFrameSchema.options.map((option) => option.shape.type.value));
const isKnown = (type: unknown): type is UpFrame["type"] => TYPES.has(type);

/** Reads one text frame. */
export function parseFrame(text: string): ReceivedFrame | FrameFault {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { code: "not-json", message: "the frame is not JSON" };
  }
  const type = typeof value === "object" && value !== null ? (value as { type?: unknown }).type : undefined;
  if (!isKnown(type))
    return { code: "unknown-type", message: `type: there is no such frame, known are ${[...TYPES].join(", ")}` };
  const parsed = upFrameSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const events = type === "events" ? readEvents(value) : undefined;
  if (events) return events;
  const issue = parsed.error.issues[0];
  return { code: "invalid", message: `${issue?.path.join(".")}: ${issue?.message}`, frame: type };
}
