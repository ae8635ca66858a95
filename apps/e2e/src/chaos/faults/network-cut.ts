import type { Fault } from "../fault";

export const networkCut: Fault = {
  does: "the network between agents and servers is cut: connections break, and none comes about",
  lastsS: [3, 30],
  inject({ door }) {
    door.set({ kind: "cut" });
    return Promise.resolve(() => {
      door.set({ kind: "fair" });
      return Promise.resolve();
    });
  },
};
