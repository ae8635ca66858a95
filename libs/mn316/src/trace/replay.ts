import { Decoder } from "../decode/decoder";
import type { Unit } from "../decode/units";
import { inputAfter, inputBefore, inputOfUrc } from "../driver/session-input";
import { type Cause, INITIAL_SESSION, next, type SessionInput, type SessionState } from "../driver/session-machine";
import { moduleState } from "@mn316-fleet/manual";
import { type TraceEntry, traceBytes } from "./trace";

/** What a trace shows, in its order. */
export type ReplayStep =
  | { at: number; dir: "sent"; command: string }
  | ({ at: number; dir: "received" } & Unit)
  | { at: number; state: { from: SessionState["state"]; to: SessionState["state"]; cause: Cause } };

/**
 * Runs a recorded line through the decoder and the session's state machine: what was said, and what the driver made of it.
 * Needs no module and no time.
 */
export class Replay {
  private readonly decoder = new Decoder();
  private session = INITIAL_SESSION;
  private command = "";
  private lastAt = 0;

  push(entry: TraceEntry): ReplayStep[] {
    this.lastAt = entry.at;
    if (entry.dir === "received") return this.units(entry.at, this.decoder.push(traceBytes(entry)));
    this.command = traceBytes(entry).toString("latin1").replace(/\r$/, "");
    return [{ at: entry.at, dir: "sent", command: this.command }, ...this.take(entry.at, inputBefore(this.command))];
  }

  /** What is half received at the end of the trace. */
  end(): ReplayStep[] {
    return this.units(this.lastAt, this.decoder.end());
  }

  private units(at: number, units: readonly Unit[]): ReplayStep[] {
    return units.flatMap((unit) => [{ at, dir: "received" as const, ...unit }, ...this.take(at, this.inputOf(unit))]);
  }

  private inputOf(unit: Unit): SessionInput | undefined {
    if (unit.unit === "urc") return inputOfUrc(unit);
    if (unit.unit === "final") {
      const { command } = this;
      this.command = "";
      return inputAfter(command, unit);
    }
    const state = unit.unit === "response" && unit.name === "MQTTSTAT" ? moduleState(unit.stat) : undefined;
    return state && { kind: "stat", state };
  }

  private take(at: number, input: SessionInput | undefined): ReplayStep[] {
    if (!input) return [];
    const from = this.session.state;
    const { cause, ...session } = next(this.session, input);
    this.session = session;
    return cause === undefined ? [] : [{ at, state: { from, to: session.state, cause } }];
  }
}
