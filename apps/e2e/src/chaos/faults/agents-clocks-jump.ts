import type { Fault } from "../fault";

const DAY_MS = 86_400_000;

export const agentsClocksJump: Fault = {
  does: "the clocks of agents jump by up to two days, forward or back, and are set right",
  lastsS: [6, 30],
  inject({ fleet, field, clocks, random }) {
    const names = [...Array.from({ length: fleet.processes }, (_, index) => fleet.clockOf(index))];
    names.push(...field.map(({ clock }) => clock));
    for (const name of names) clocks.set(name, Math.round((random() - 0.5) * 4 * DAY_MS));
    return Promise.resolve(() => {
      for (const name of names) clocks.reset(name);
      return Promise.resolve();
    });
  },
};
