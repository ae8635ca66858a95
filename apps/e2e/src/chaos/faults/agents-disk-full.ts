import type { Fault } from "../fault";

export const agentsDiskFull: Fault = {
  does: "the disk of all agents is full, so that events wait in memory, and gets room again",
  lastsS: [5, 30],
  async inject({ agentsDisk }) {
    await agentsDisk.fill();
    return () => agentsDisk.free();
  },
};
