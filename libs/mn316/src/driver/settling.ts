import type { Clock } from "@mn316-fleet/at";
import type { Cause, SessionState } from "./session-machine";

/** How the session settled: its state, and the cause where that changed it. */
export interface Settled {
  to: SessionState["state"];
  cause: Cause | undefined;
}

/** Those who wait until the session settles in a state that they accept. */
export class Settling {
  private readonly waiters = new Set<(settled: Settled) => void>();

  /** @param onChange called when somebody begins or ends to wait */
  constructor(
    private readonly clock: Clock,
    private readonly onChange: () => void,
  ) {}

  get isEmpty(): boolean {
    return this.waiters.size === 0;
  }

  tell(settled: Settled): void {
    for (const waiter of [...this.waiters]) waiter(settled);
  }

  /** The next settling that `isEnd` accepts; `within` gives undefined when the time is up. */
  next(isEnd: (state: Settled["to"]) => boolean) {
    let settle!: (settled: Settled | undefined) => void;
    const promise = new Promise<Settled | undefined>((resolve) => (settle = resolve));
    const waiter = (settled: Settled) => {
      if (isEnd(settled.to)) settle(settled);
    };
    const cancel = () => {
      this.waiters.delete(waiter);
      this.onChange();
    };
    this.waiters.add(waiter);
    this.onChange();
    return {
      cancel,
      within: async (ms: number, signal?: AbortSignal): Promise<Settled | undefined> => {
        const cancelTimer = this.clock.after(ms, () => {
          settle(undefined);
        });
        const abort = () => {
          settle(undefined);
        };
        signal?.addEventListener("abort", abort, { once: true });
        const settled = await promise;
        signal?.removeEventListener("abort", abort);
        cancelTimer();
        cancel();
        signal?.throwIfAborted();
        return settled;
      },
    };
  }
}
