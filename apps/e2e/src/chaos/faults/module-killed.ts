import type { Fault } from "../fault";

export const moduleKilled: Fault = {
  does: "a module is killed (SIGKILL), its line goes dead, and it comes back",
  lastsS: [2, 10],
  async inject(world) {
    const device = world.pick(world.field);
    await device.killModule();
    return () => device.startModule();
  },
};
