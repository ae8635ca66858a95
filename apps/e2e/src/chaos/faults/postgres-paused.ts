import type { Fault } from "../fault";
import { processTree, signalAll } from "../world/processes";

export const postgresPaused: Fault = {
  does: "PostgreSQL is paused with all its processes (SIGSTOP), and goes on",
  lastsS: [8, 30],
  takesAway: "PostgreSQL",
  inject({ postgres }) {
    // Its first process first: it must not begin others meanwhile.
    process.kill(postgres.pid, "SIGSTOP");
    const pids = processTree(postgres.pid);
    signalAll(pids, "SIGSTOP");
    return Promise.resolve(() => {
      signalAll([...pids].reverse(), "SIGCONT");
      return Promise.resolve();
    });
  },
};
