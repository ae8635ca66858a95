import { KNOWN_MODULE_STATES } from "@mn316-fleet/manual";
import { z } from "zod";
import { CAUSES } from "./causes";
import { REPORT_STATUSES } from "./configuration";
import { executionReportShape } from "./executions";
import { MAX_COUNT } from "./limits";

/** What every event has, of whatever kind. */
export const eventBase = {
  /** Position within the epoch, from 1. */
  seq: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
  /** The agent's wall clock, ms since 1970. */
  at: z.number().int().min(0).max(8.64e15),
};
const state = z.enum(KNOWN_MODULE_STATES);

/** `since` is when `from` began, so every state event closes one interval. */
export const stateEventSchema = z.object({
  ...eventBase,
  kind: z.literal("state"),
  from: state,
  to: state,
  since: z.number().int().min(0).max(8.64e15),
  cause: z.enum(CAUSES),
});

/** Everything an agent reports, one schema a kind. */
export const eventSchema = z.discriminatedUnion("kind", [
  stateEventSchema,
  z.object({ ...eventBase, kind: z.literal("timeout"), type: z.number().int().min(1).max(6) }),
  z.object({ ...eventBase, kind: z.literal("reconnect"), attempt: z.number().int().min(0) }),
  z.object({ ...eventBase, kind: z.literal("ping") }),
  z.object({ ...eventBase, kind: z.literal("suback"), topic: z.string().max(1024), code: z.number().int() }),
  z.object({ ...eventBase, kind: z.literal("publish-ack"), packId: z.number().int(), dup: z.number().int() }),
  z.object({
    ...eventBase,
    kind: z.literal("signal"),
    rssi: z.number().int().min(0).max(99),
    ber: z.number().int().min(0).max(99),
    cell: z.string().max(32).optional(),
  }),
  z.object({ ...eventBase, kind: z.literal("module-restart"), reason: z.string().max(1024).optional() }),
  z.object({
    ...eventBase,
    kind: z.literal("serial"),
    state: z.enum(["open", "lost"]),
    reason: z.string().max(1024).optional(),
  }),
  z.object({
    ...eventBase,
    kind: z.literal("agent"),
    state: z.enum(["started", "stopping"]),
    reason: z.string().max(1024).optional(),
  }),
  /** A step of the recovery policy: what was done and why. */
  z.object({ ...eventBase, kind: z.literal("recovery"), step: z.string().max(64), reason: z.string().max(1024) }),
  z.object({
    ...eventBase,
    kind: z.literal("config"),
    version: z.number().int().min(0).max(MAX_COUNT),
    status: z.enum(REPORT_STATUSES),
    reason: z.string().max(1024).optional(),
  }),
  z.object({ ...eventBase, kind: z.literal("execution"), ...executionReportShape }),
  /** The agent's disk takes events again; `reason` says what was wrong, `since` is when it began. */
  z.object({
    ...eventBase,
    kind: z.literal("storage"),
    since: z.number().int().min(0).max(8.64e15),
    reason: z.string().max(1024),
  }),
  /** What was said at the live console, and by whom it was opened: the record of it. */
  z.object({
    ...eventBase,
    kind: z.literal("console"),
    console: z.uuid(),
    what: z.enum(["opened", "sent", "received", "refused", "closed"]),
    text: z.string().max(4096),
  }),
  z.object({ ...eventBase, kind: z.literal("urc"), line: z.string().max(4096) }),
  z.object({
    ...eventBase,
    kind: z.literal("outbox-gap"),
    from: z.number().int().min(1),
    to: z.number().int().min(1),
    reason: z.string().max(1024),
  }),
]);

/** One numbered event of an agent. */
export type FleetEvent = z.infer<typeof eventSchema>;
export type EventKind = FleetEvent["kind"];
type WithoutNumber<T> = T extends unknown ? Omit<T, "seq"> : never;
/** An event before the outbox numbers it. */
export type UnnumberedEvent = WithoutNumber<FleetEvent>;

/** All event kinds that an agent sends. */
export const EVENT_KINDS = eventSchema.options.map((option) => option.shape.kind.value) as readonly EventKind[];

/** What a server stores in the place of an event of a later agent's kind, which it cannot read. No agent sends it. */
export interface UnreadEvent {
  seq: number;
  /** The agent's wall clock, ms since 1970. */
  at: number;
  kind: "unread";
  /** The kind as it came, cut to 64 characters. */
  of: string;
  /** Why it was not read. */
  fault: string;
  /** The event as it came: JSON, cut at 64 KiB. */
  raw: string;
}

/** What a server stores. */
export type StorableEvent = FleetEvent | UnreadEvent;
export type StoredKind = StorableEvent["kind"];
/** All kinds of stored events, as filters list them. */
export const STORED_KINDS: readonly StoredKind[] = [...EVENT_KINDS, "unread"];
