import { LOG_LEVELS } from "@mn316-fleet/protocol";
import { z } from "zod";
import { idSchema } from "./common";

/** Path of the operators' WebSocket to a device's live AT console. */
export const CONSOLE_PATH = "/api/v1/console";

/** What an operator's side of the console sends: `open` first, then commands. */
export const consoleRequestSchema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("open"),
    deviceId: idSchema.toLowerCase(),
    /** An API key, for a browser, which cannot send it as a header. */
    key: z.string().max(256).optional(),
    /** It ends by itself when nothing is said for so long. */
    idleS: z.number().int().min(10).max(300).default(300),
  }),
  z.strictObject({ type: z.literal("input"), command: z.string().max(1024) }),
  z.strictObject({ type: z.literal("close") }),
]);
export type ConsoleRequest = z.infer<typeof consoleRequestSchema>;

/** What the operator's side hears; after `closed` the socket closes. */
export const consoleReplySchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("opened") }),
  z.object({ type: z.literal("output"), from: z.enum(["sent", "received", "note"]), text: z.string() }),
  z.object({ type: z.literal("closed"), reason: z.string() }),
]);
export type ConsoleReply = z.infer<typeof consoleReplySchema>;

/** Another level of an agent's log for a while. */
export const changeLogLevelSchema = z.strictObject({
  level: z.enum(LOG_LEVELS),
  forS: z.number().int().min(1).max(86_400).default(600),
});
export type ChangeLogLevel = z.infer<typeof changeLogLevelSchema>;
