import type { Clock } from "@mn316-fleet/at";
import type { KnownState, Mn316Events } from "./options";
import { INITIAL_SESSION, next, type SessionInput, type SessionState } from "./session-machine";
import { Settling } from "./settling";

export interface SessionOptions {
  clock: Clock;
  /** Called for every change of state, before those who wait for it are told. */
  onState: (change: Mn316Events["state"][0]) => void;
  /** Called when somebody begins or ends to wait. */
  onWaiting: () => void;
}

/** The one connection state of a module: feeds the state machine, dates its changes, and tells them. */
export class Session {
  readonly settling: Settling;
  private current = INITIAL_SESSION;
  private changedAt: number;

  constructor(private readonly options: SessionOptions) {
    this.changedAt = options.clock.now();
    this.settling = new Settling(options.clock, options.onWaiting);
  }

  get state(): KnownState {
    return this.current.state;
  }

  /** Since when, in ms since 1970. */
  get since(): number {
    return this.changedAt;
  }

  /** Our own MQTTOPEN or MQTTDISC is under way. */
  get intent(): SessionState["intent"] {
    return this.current.intent;
  }

  take(input: SessionInput | undefined): void {
    if (!input) return;
    const { state: from, intent } = this.current;
    const { cause, ...session } = next(this.current, input);
    this.current = session;
    const to = session.state;
    if (cause !== undefined) {
      const { changedAt: since } = this;
      this.changedAt = this.options.clock.now();
      this.options.onState({ from, to, since, at: this.changedAt, cause });
    }
    if (cause !== undefined || (intent !== undefined && session.intent === undefined))
      this.settling.tell({ to, cause });
  }
}
