import { AsyncLocalStorage } from "node:async_hooks";

/** The fleet that runs the installation: its admins make the other ones. */
export const HOST_FLEET = 0;

/** On whose behalf something runs: a fleet's, the server's own, or nobody's who is known yet. */
type Behalf = number | "system" | "nobody";

const current = new AsyncLocalStorage<FleetScope>();

/**
 * On whose behalf the database is asked. What runs in no scope at all, such as background work, is the server's own.
 * A request begins as nobody's: until its caller is known, the database refuses it.
 */
export class FleetScope {
  private constructor(private behalf: Behalf) {}

  /** The scope of a request whose caller is not known yet. */
  static ofRequest(): FleetScope {
    return new FleetScope("nobody");
  }

  /** @returns what this runs on behalf of now */
  static get behalf(): Behalf {
    return current.getStore()?.behalf ?? "system";
  }

  static run<T>(behalf: Behalf, work: () => T): T {
    return new FleetScope(behalf).run(work);
  }

  run<T>(work: () => T): T {
    return current.run(this, () => begun(work()));
  }

  /** The caller is known: from now on all that the request does is its fleet's. */
  admit(fleetId: number): void {
    this.behalf = fleetId;
  }
}

/** What Prisma promises it asks only once it is waited for, which must not be on another behalf. */
function begun<T>(result: T): T {
  if (result instanceof Promise || typeof (result as { then?: unknown } | null | undefined)?.then !== "function")
    return result;
  const lazy = result as unknown as Promise<unknown>;
  return new Promise((resolve, reject) => void lazy.then(resolve, reject)) as T;
}

/** Runs something on behalf of a fleet: it sees and changes nothing of another one. */
export function inFleet<T>(fleetId: number, work: () => T): T {
  return FleetScope.run(fleetId, work);
}

/** Runs something that is the server's own affair, whoever asked: it sees all fleets. */
export function asSystem<T>(work: () => T): T {
  return FleetScope.run("system", work);
}

/** The fleet that this runs on behalf of. @throws Error where there is none */
export function currentFleet(): number {
  const { behalf } = FleetScope;
  if (typeof behalf !== "number") throw new Error("This runs on behalf of no fleet: say inFleet(…)");
  return behalf;
}

/** The same items, each made on behalf of whom this is called, whoever takes them: a stream's reader has no scope. */
export function inThisScope<T>(items: AsyncGenerator<T, void>): AsyncGenerator<T, void> {
  const { behalf } = FleetScope;
  const own = <R>(step: () => R): R => FleetScope.run(behalf, step);
  const kept: AsyncGenerator<T, void> = {
    next: () => own(() => items.next()),
    return: (value) => own(() => items.return(value)),
    throw: (error) => own(() => items.throw(error)),
    [Symbol.asyncIterator]: () => kept,
    [Symbol.asyncDispose]: () => own(() => items.return()).then(() => undefined),
  };
  return kept;
}
