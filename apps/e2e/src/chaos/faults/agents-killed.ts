import type { Fault } from "../fault";

export const agentsKilled: Fault = {
  does: "a process of many agents is killed (SIGKILL), and started again on what is on its disk",
  lastsS: [2, 15],
  async inject({ fleet, random }) {
    const index = Math.floor(random() * fleet.processes);
    await fleet.kill(index);
    return () => fleet.startProcess(index);
  },
};
