import type { ExecuteFrame } from "@mn316-fleet/protocol";
import { CanceledError } from "./canceled.error";

/** Kinds that can end between two of their commands; the others leave the module in a state nobody asked for. */
const DIVISIBLE: ReadonlySet<string> = new Set(["at", "probe"]);

/** One execution from its arrival to its end, as far as a request to cancel it is concerned. */
export class Work {
  private readonly wish = new AbortController();
  private hasBegun = false;

  /** @param kind of its job; undefined for one that was canceled before it ever came */
  constructor(private readonly kind: ExecuteFrame["job"]["kind"] | undefined) {}

  /** Rejects when it is canceled before it begins. */
  readonly canceledEarly = new Promise<never>((_resolve, reject) => {
    this.wish.signal.addEventListener("abort", () => {
      if (!this.hasBegun) reject(new CanceledError("canceled before it began"));
    });
  });

  /** From here on its commands are on the line. */
  begin(): void {
    if (this.wish.signal.aborted) throw new CanceledError("canceled before it began");
    this.hasBegun = true;
  }

  /** @returns whether it was not under way yet, so that nothing of it will run */
  cancel(): boolean {
    this.canceledEarly.catch(() => undefined); // heard by whoever waits for it, if anybody does
    this.wish.abort();
    return !this.hasBegun;
  }

  /**
   * To be called between two commands.
   * @throws CanceledError where it is to end here
   */
  mayGoOn(done: string): void {
    if (this.wish.signal.aborted && this.kind !== undefined && DIVISIBLE.has(this.kind))
      throw new CanceledError(`canceled ${done}`);
  }
}
