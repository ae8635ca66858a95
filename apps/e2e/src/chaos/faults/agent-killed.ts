import type { Fault } from "../fault";

export const agentKilled: Fault = {
  does: "an agent in the field is killed (SIGKILL) amidst its work, and started again",
  lastsS: [2, 10],
  async inject(world) {
    const device = world.pick(world.field);
    await device.killAgent();
    return () => {
      device.startAgent();
      return Promise.resolve();
    };
  },
};
