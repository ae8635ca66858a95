import { Injectable } from "@nestjs/common";
import { ProblemError } from "../platform/problems/problem.error";

const RETRY_AFTER = { "Retry-After": "10" };

/** How many exports run at once: each takes a connection of the database while it reads, and time of the process. */
@Injectable()
export class ExportSlots {
  readonly perKey = 2;
  readonly perNode = 4;
  private readonly taken: string[] = [];

  get size(): number {
    return this.taken.length;
  }

  /**
   * @returns gives the slot back; harmless to call twice
   * @throws 429 where the key has its share, 503 where the node is full
   */
  take(callerId: string): () => void {
    if (this.taken.filter((other) => other === callerId).length >= this.perKey)
      throw new ProblemError(
        429,
        "Too many requests",
        `This key has ${this.perKey} exports under way already.`,
        undefined,
        RETRY_AFTER,
      );
    if (this.taken.length >= this.perNode)
      throw new ProblemError(
        503,
        "Service unavailable",
        "This node has too many exports under way.",
        undefined,
        RETRY_AFTER,
      );
    this.taken.push(callerId);
    let isHeld = true;
    return () => {
      if (isHeld) this.taken.splice(this.taken.indexOf(callerId), 1);
      isHeld = false;
    };
  }
}
