import { setTimeout as sleep } from "node:timers/promises";
import type { Fault } from "../fault";

/** Agents come back by themselves within a second or two; a loaded machine takes its time. */
const LONGEST_AWAY_MS = 20_000;
/** An orchestrator waits for readiness, and a little longer. */
const BETWEEN_MS = 1_000;

export const rollingRestart: Fault = {
  does: "all server nodes are restarted one after the other (SIGTERM), under load",
  lastsS: [0, 0],
  endsAllNodes: true,
  async inject(world) {
    for (const agent of world.agents) agent.forgetAway();
    for (const node of world.nodes) {
      await world.cluster.drain(node);
      await world.cluster.startAgain(node);
      await sleep(BETWEEN_MS);
    }
    return () => {
      const awayMs = Math.max(...world.agents.map((agent) => agent.awayMs));
      if (awayMs > LONGEST_AWAY_MS) throw new Error(`an agent was away for ${Math.round(awayMs)} ms`);
      return Promise.resolve();
    };
  },
};
