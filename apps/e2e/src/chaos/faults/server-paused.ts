import type { Fault } from "../fault";

export const serverPaused: Fault = {
  does: "a server node is paused (SIGSTOP) for longer than the others take it for alive, and goes on",
  lastsS: [10, 25],
  inject(world) {
    const node = world.pick(world.nodes);
    const pid = world.cluster.pids[node]!;
    world.silentNodes.add(node);
    process.kill(pid, "SIGSTOP");
    return Promise.resolve(() => {
      process.kill(pid, "SIGCONT");
      world.silentNodes.delete(node);
      return Promise.resolve();
    });
  },
};
