import type { Fault } from "../fault";

export const serverKilled: Fault = {
  does: "a server node is killed (SIGKILL), and started again",
  lastsS: [2, 15],
  async inject(world) {
    const node = world.pick(world.nodes.slice(1)); // the first lives on, so that its memory can be watched
    await world.cluster.kill(node);
    return () => world.cluster.startAgain(node);
  },
};
