import type { Fault } from "../fault";
import { processTree, signalAll } from "../world/processes";
import { untilGone } from "../world/until-gone";

export const postgresKilled: Fault = {
  does: "PostgreSQL is killed with all its processes (SIGKILL), and recovers",
  lastsS: [4, 20],
  takesAway: "PostgreSQL",
  async inject({ postgres }) {
    const pids = processTree(postgres.pid);
    signalAll(pids, "SIGKILL");
    await untilGone(pids);
    return () => postgres.startAgain();
  },
};
