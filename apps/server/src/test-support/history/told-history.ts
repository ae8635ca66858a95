import { KNOWN_MODULE_STATES, type KnownModuleState } from "@mn316-fleet/manual";
import { CAUSES, type FleetEvent } from "@mn316-fleet/protocol";
import fc from "fast-check";

const HOUR_MS = 3_600_000;
/** Long enough for intervals of many hours, short enough for several within one. */
const PAUSES_MS = [0, 1, 999, 60_000, HOUR_MS - 1, HOUR_MS, 5 * HOUR_MS];

interface Step {
  pauseMs: number;
  kind: "state" | "timeout" | "reconnect" | "signal" | "config" | "ping" | "new-epoch";
  value: number;
  cause: number;
}

export const step: fc.Arbitrary<Step> = fc.record({
  pauseMs: fc.oneof(fc.constantFrom(...PAUSES_MS), fc.integer({ min: 0, max: 3 * HOUR_MS })),
  kind: fc.oneof(
    { weight: 12, arbitrary: fc.constant("state" as const) },
    { weight: 6, arbitrary: fc.constantFrom("timeout" as const, "reconnect" as const, "signal" as const) },
    { weight: 3, arbitrary: fc.constantFrom("config" as const, "ping" as const) },
    { weight: 1, arbitrary: fc.constant("new-epoch" as const) },
  ),
  value: fc.nat(99),
  cause: fc.oneof(fc.constant(CAUSES.indexOf("unknown")), fc.nat(CAUSES.length - 1)),
});

/** What one agent has to tell, and how its batches are cut. */
export const agentStory = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 60 }),
  batch: fc.integer({ min: 1, max: 7 }),
});

/** A stretch in one state, as whoever watched the module all along would note it. */
export interface Stretch {
  state: KnownModuleState;
  began: number;
  /** When and by which event it was left; undefined for one whose end nobody told. */
  left?: { at: number; epoch: number; seq: number; cause: (typeof CAUSES)[number] };
}

export interface ToldHistory {
  /** By epoch, numbered without a gap. */
  epochs: FleetEvent[][];
  stretches: Stretch[];
}

/** Mostly the states of everyday, so that modules connect and are lost often enough. */
const STATES: readonly KnownModuleState[] = [
  "connected",
  "connected",
  "unknown",
  "disconnected",
  ...KNOWN_MODULE_STATES,
];

/**
 * The events of a module, as its agent dates them: a seamless history, in which a new epoch begins with time unknown.
 * @param startedAt ms since 1970
 */
export function tell(steps: readonly Step[], startedAt: number): ToldHistory {
  let at = startedAt;
  let current: Stretch = { state: "initialized", began: at };
  const stretches = [current];
  let events: FleetEvent[] = [];
  const epochs = [events];
  for (const { pauseMs, kind, value, cause: causeIndex } of steps) {
    at += pauseMs;
    const seq = events.length + 1;
    const cause = CAUSES[causeIndex]!;
    switch (kind) {
      case "state": {
        const to = STATES[value % STATES.length]!;
        if (to === current.state) break;
        events.push({ seq, at, kind, from: current.state, to, since: current.began, cause });
        current.left = { at, epoch: epochs.length, seq, cause };
        current = { state: to, began: at };
        stretches.push(current);
        break;
      }
      case "timeout":
        events.push({ seq, at, kind, type: 1 + (value % 6) });
        break;
      case "reconnect":
        events.push({ seq, at, kind, attempt: value });
        break;
      case "signal":
        events.push({
          ...{ seq, at, kind, rssi: value < 80 ? value % 32 : 99, ber: 0 },
          ...(value % 3 && { cell: `cell-${value % 5}` }),
        });
        break;
      case "config":
        events.push({ seq, at, kind, version: value % 7, status: value % 3 ? "applied" : "rejected" });
        break;
      case "ping":
        events.push({ seq, at, kind });
        break;
      case "new-epoch":
        events = [];
        epochs.push(events);
        current = { state: "unknown", began: at };
        stretches.push(current);
    }
  }
  return { epochs, stretches };
}
