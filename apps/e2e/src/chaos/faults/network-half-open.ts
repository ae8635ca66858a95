import type { Fault } from "../fault";

export const networkHalfOpen: Fault = {
  does: "nothing passes between agents and servers any more, but their connections stand, and are reset at the end",
  lastsS: [4, 30],
  inject({ door }) {
    door.set({ kind: "half-open" });
    return Promise.resolve(() => {
      door.set({ kind: "fair" });
      return Promise.resolve();
    });
  },
};
