import type { Fault } from "../fault";

export const networkReordered: Fault = {
  does: "agents lose their connections while words are under way, which arrive behind those of their next ones",
  lastsS: [6, 30],
  inject({ door }) {
    door.set({ kind: "reordered", maxDelayMs: 3_000, everyMs: 1_000, share: 0.2 });
    return Promise.resolve(() => {
      door.set({ kind: "fair" });
      return Promise.resolve();
    });
  },
};
