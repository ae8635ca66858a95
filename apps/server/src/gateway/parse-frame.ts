import { type UpFrame, upFrameSchema } from "@mn316-fleet/protocol";

/** What is wrong with a frame, as the agent is told: the field and the rule. */
export interface FrameFault {
  code: "not-json" | "unknown-type" | "invalid";
  message: string;
}

const TYPES: ReadonlySet<unknown> = new Set(upFrameSchema.options.map((option) => option.shape.type.value));

/** Reads one text frame. */
export function parseFrame(text: string): UpFrame | FrameFault {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { code: "not-json", message: "the frame is not JSON" };
  }
  const type = typeof value === "object" && value !== null ? (value as { type?: unknown }).type : undefined;
  if (!TYPES.has(type))
    return { code: "unknown-type", message: `type: there is no such frame, known are ${[...TYPES].join(", ")}` };
  const parsed = upFrameSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  return { code: "invalid", message: `${issue?.path.join(".")}: ${issue?.message}` };
}
