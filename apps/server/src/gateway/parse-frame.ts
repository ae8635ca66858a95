import { type FrameOf, type UpFrame, upFrameSchema } from "@mn316-fleet/protocol";
import { longListIn } from "./long-lists";
import { MAX_LINES, type ReadEvents, readEvents } from "./read-events";

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
/** Of a list in a frame without events. */
const MAX_ITEMS = 1_000;
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
  const refuse = (path: PropertyKey[] | string, message: string): FrameFault => ({
    code: "invalid",
    message: `${typeof path === "string" ? path : path.join(".")}: ${message}`,
    frame: type,
  });
  if (type === "events") {
    const read = readEvents(value);
    return "events" in read ? read : refuse(read.path, read.message);
  }
  const maxItems = type === "execution" ? MAX_LINES : MAX_ITEMS;
  const longList = longListIn(value, maxItems);
  if (longList !== undefined) return refuse(longList, `must not hold more than ${maxItems} items`);
  const parsed = upFrameSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  return refuse(issue?.path ?? [], issue?.message ?? "");
}
