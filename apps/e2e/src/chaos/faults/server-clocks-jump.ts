import type { Fault } from "../fault";

const HOUR_MS = 3_600_000;

export const serverClocksJump: Fault = {
  does: "the clock of a server node jumps by up to two hours, forward or back, and is set right; no agent may leave over it",
  // Agents miss heart-beats after 65 s.
  lastsS: [6, 100],
  inject(world) {
    const name = `node-${world.pick(world.nodes)}`;
    for (const agent of world.agents) agent.forgetAway();
    world.clocks.set(name, Math.round((world.random() - 0.5) * 4 * HOUR_MS));
    return Promise.resolve(() => {
      world.clocks.reset(name);
      const away = world.agents.filter(({ awayMs }) => awayMs > 0).length;
      if (away > 0) throw new Error(`${away} agents lost their connections`);
      return Promise.resolve();
    });
  },
};
