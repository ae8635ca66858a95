import type { KnownModuleState } from "@mn316-fleet/manual";
import type { Cause } from "@mn316-fleet/protocol";
import { trustedBegin } from "./interval-limits";

/** A `state` event, with its place in the device's history. Times are ms since 1970. */
export interface StateChange {
  epoch: number;
  seq: number;
  from: KnownModuleState;
  to: KnownModuleState;
  since: number;
  at: number;
  cause: Cause;
}

/** What is known of a device beside its states when an outage begins. */
export interface Surroundings {
  cell: string | null;
  configVersion: number | null;
}

/** An outage that goes on. */
export interface OpenOutage extends Surroundings {
  began: number;
  unknownMs: number;
  cause: Cause;
}

/** An outage that is over; `epoch` and `seq` are of the event that told its end. */
export interface EndedOutage extends OpenOutage {
  epoch: number;
  seq: number;
  ended: number;
}

/** Where a device stands after its newest `state` event. */
export interface OutageProgress {
  epoch: number;
  seq: number;
  state: KnownModuleState;
  /** The newest state but `unknown`; `unknown` where there was no other yet. */
  knownState: KnownModuleState;
  outage: OpenOutage | undefined;
  /** When the attempt to connect that goes on began. */
  connectingSince: number | undefined;
}

/** What one more event tells. */
export interface Step {
  progress: OutageProgress;
  ended?: EndedOutage;
  /** How long the attempt took that this event ends with a connection. */
  connectMs?: number;
}

const CONNECTING: ReadonlySet<KnownModuleState> = new Set([
  "tcp-connecting",
  "tcp-connected",
  "awaiting-connack",
  "reconnecting",
]);
/** Of an outage whose beginning nobody could explain, these do not either: what the agent did about it, or its absence. */
const TELLS_NOTHING: ReadonlySet<Cause> = new Set(["unknown", "requested", "agent-stopped"]);

/**
 * Reads one more `state` event. An outage begins when a module that was connected when it was last seen is known not to be,
 * and ends when it is connected again; time that no agent saw is a part of it, but counted apart. What a gap in the
 * events hides shows in the state that the next one ends, and is dated to when that state began.
 * @param before undefined for the first event of a device
 * @returns undefined for an event that is older than what is known: the events of an epoch that came after a later one
 */
export function follow(
  before: OutageProgress | undefined,
  change: StateChange,
  surroundings: Surroundings,
): Step | undefined {
  if (before && !isAfter(change, before)) return undefined;
  const { epoch, seq, from, to, at, cause } = change;
  const since = trustedBegin(change.since, at);
  const progress: OutageProgress = before
    ? { ...before, epoch, seq }
    : { epoch, seq, state: from, knownState: from, outage: undefined, connectingSince: undefined };
  const step: Step = { progress };
  if (progress.state !== from) {
    progress.connectingSince = undefined;
    see(step, from, since, "unknown", surroundings);
  }
  if (from === "unknown" && progress.outage)
    progress.outage = { ...progress.outage, unknownMs: progress.outage.unknownMs + at - since };
  connect(step, change);
  see(step, to, at, cause, surroundings);
  return step;
}

const isAfter = (change: StateChange, { epoch, seq }: OutageProgress) =>
  change.epoch > epoch || (change.epoch === epoch && change.seq > seq);

/** The module is in `state` from `at` on. */
function see(step: Step, state: KnownModuleState, at: number, cause: Cause, surroundings: Surroundings): void {
  const { progress } = step;
  progress.state = state;
  if (state === "unknown") return;
  const { outage } = progress;
  if (state === "connected") {
    if (outage) step.ended = end(progress, outage, at);
    progress.outage = undefined;
  } else if (outage) {
    if (outage.cause === "unknown" && !TELLS_NOTHING.has(cause)) progress.outage = { ...outage, cause };
  } else if (progress.knownState === "connected") {
    const { cell, configVersion } = surroundings;
    progress.outage = { began: at, unknownMs: 0, cause, cell, configVersion };
  }
  progress.knownState = state;
}

/** A clock that was set meanwhile makes no outage negative, or longer than any can be. */
function end({ epoch, seq }: OutageProgress, outage: OpenOutage, at: number): EndedOutage {
  const ended = Math.max(at, outage.began);
  const began = trustedBegin(outage.began, ended);
  return { ...outage, epoch, seq, began, ended, unknownMs: Math.min(outage.unknownMs, ended - began) };
}

/** An attempt begins where a module at rest, or one that nobody saw, is seen connecting; what ends it otherwise forgets it. */
function connect(step: Step, { from, to, at }: StateChange): void {
  const { progress } = step;
  if (to === "connected" && progress.connectingSince !== undefined)
    step.connectMs = Math.max(0, at - progress.connectingSince);
  if (!CONNECTING.has(to)) progress.connectingSince = undefined;
  else if (!CONNECTING.has(from) && from !== "connected") progress.connectingSince = at;
}
