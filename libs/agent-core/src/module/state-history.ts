import type { Clock } from "@mn316-fleet/at";
import type { KnownModuleState } from "@mn316-fleet/manual";
import type { Cause } from "@mn316-fleet/protocol";
import type { LastSeen } from "../outbox/outbox";
import type { Recorder } from "../outbox/recorder";

/**
 * The module's states as one seamless history: each event closes the interval that the last one began, also over a
 * restart of the agent. The time in which no agent listened is `unknown`: after a clean stop the last event says so; after a
 * crash the next start says it, dated to the last moment the agent is known to have lived.
 */
export class StateHistory {
  private state: KnownModuleState;
  private since: number;

  constructor(
    private readonly recorder: Recorder,
    private readonly clock: Clock,
    last: LastSeen | undefined,
  ) {
    this.state = last?.state ?? "unknown";
    this.since = last?.since ?? clock.now();
    if (last) this.move("unknown", "agent-stopped", last.aliveAt);
  }

  get current(): KnownModuleState {
    return this.state;
  }

  /** Since when, ms since 1970. */
  get currentSince(): number {
    return this.since;
  }

  /** @param at when, ms since 1970 */
  move(to: KnownModuleState, cause: Cause, at = this.clock.now()): void {
    if (to === this.state) return;
    // A clock that was set back must not make an interval negative.
    void this.recorder.record({ kind: "state", from: this.state, to, since: Math.min(this.since, at), at, cause });
    this.state = to;
    this.since = at;
  }
}
