import type { Fault } from "../fault";

/** Until PostgreSQL's keep-alive finds out, long after the nodes have. */
const FOUND_DEAD_AFTER_MS = 90_000;

export const postgresUnreachable: Fault = {
  does: "nothing passes between servers and PostgreSQL any more; no connection is reset, and those of before never work again",
  lastsS: [10, 40],
  takesAway: "PostgreSQL",
  inject({ databaseLine }) {
    databaseLine.swallow();
    return Promise.resolve(() => {
      databaseLine.mend();
      setTimeout(() => {
        databaseLine.endLost();
      }, FOUND_DEAD_AFTER_MS).unref();
      return Promise.resolve();
    });
  },
};
