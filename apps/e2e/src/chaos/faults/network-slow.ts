import type { Fault } from "../fault";

export const networkSlow: Fault = {
  does: "the network is slow: pieces of 700 bytes, each 0.2 to 1.2 s late",
  lastsS: [5, 30],
  inject({ door }) {
    door.set({ kind: "slow", delayMs: 200, jitterMs: 1_000 });
    return Promise.resolve(() => {
      door.set({ kind: "fair" });
      return Promise.resolve();
    });
  },
};
