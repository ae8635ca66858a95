import type { Clock } from "../clock";
import { finalResult } from "./final-result";

export interface BarrierOptions {
  clock: Clock;
  /** Writes a bare `AT`. */
  send: () => void;
}

export interface BarrierTries {
  /** How many `AT` at most, and how long each may stay without its `OK`, in ms. */
  attempts: number;
  eachMs: number;
  /** Quiet that must follow the `OK`, in ms: another one may be under way. */
  settleMs: number;
}

const PRINTABLE = /^[\x20-\x7e]+$/;

/**
 * A bare `AT` on the line, behind whose `OK` nothing of what was said before can follow. A final result that is no `OK`, or
 * that has lines of its own before it, is the late answer of an earlier command.
 */
export class Barrier {
  private onEnd: ((isAnswered: boolean) => void) | undefined;
  private cancelTimer: (() => void) | undefined;
  private settleMs = 0;
  private hasLinesBefore = false;

  constructor(private readonly options: BarrierOptions) {}

  get isUp(): boolean {
    return this.onEnd !== undefined;
  }

  /** @param onEnd whether an `OK` came at last */
  raise(tries: BarrierTries, onEnd: (isAnswered: boolean) => void): void {
    this.onEnd = onEnd;
    this.settleMs = tries.settleMs;
    this.hasLinesBefore = false;
    this.attempt(tries);
  }

  /** A line that is no URC came while it is up. */
  hear(line: string): void {
    const final = finalResult(line);
    if (!final) {
      if (line === "AT")
        this.hasLinesBefore = false; // its own echo
      else if (PRINTABLE.test(line)) this.hasLinesBefore = true; // noise is nobody's answer
      return;
    }
    if (final.code === "OK" && !this.hasLinesBefore) {
      this.cancelTimer?.();
      if (this.settleMs === 0) this.end(true);
      else
        this.cancelTimer = this.options.clock.after(this.settleMs, () => {
          this.end(true);
        });
    }
    this.hasLinesBefore = false;
  }

  /** Takes it away unanswered; nobody is told. */
  lower(): void {
    this.cancelTimer?.();
    this.onEnd = undefined;
  }

  private attempt(tries: BarrierTries): void {
    this.cancelTimer = this.options.clock.after(tries.eachMs, () => {
      if (tries.attempts > 1) this.attempt({ ...tries, attempts: tries.attempts - 1 });
      else this.end(false);
    });
    this.options.send();
  }

  private end(isAnswered: boolean): void {
    const { onEnd } = this;
    this.lower();
    onEnd?.(isAnswered);
  }
}
