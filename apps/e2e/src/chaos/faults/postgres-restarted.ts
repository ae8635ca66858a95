import type { Fault } from "../fault";

export const postgresRestarted: Fault = {
  does: "PostgreSQL is stopped in order, and started again",
  lastsS: [4, 20],
  takesAway: "PostgreSQL",
  async inject({ postgres }) {
    await postgres.stop();
    return () => postgres.startAgain();
  },
};
