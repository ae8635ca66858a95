import type { ChaosWorld } from "./world/chaos-world";

/** What a server's readiness depends on. */
export type Service = "PostgreSQL" | "Redis";

/** Something that goes wrong. */
export interface Fault {
  /** What is done, for whoever reads the report. */
  readonly does: string;
  /** How long it lasts, in seconds; drawn from this range, its least in the short form. */
  readonly lastsS: readonly [min: number, max: number];
  /** What does not answer while it lasts: `/health/ready` must say so. */
  readonly takesAway?: Service;
  /** No node lives through it, so that memory could not be watched over it. */
  readonly endsAllNodes?: true;
  /**
   * Makes it happen.
   * @returns what makes it good again; both throw where something that this fault is about is not as it should be
   */
  inject(world: ChaosWorld): Promise<() => Promise<void>>;
}

/** What must not be, by its kind; the text names what was found. */
export interface Problem {
  kind: "lost" | "doubled" | "stuck" | "presence" | "readiness" | "left" | "memory" | "other";
  text: string;
}
