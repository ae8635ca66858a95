import type { Fault } from "../fault";

export const brokerKilled: Fault = {
  does: "the MQTT broker of all modules is killed (SIGKILL), and started again",
  lastsS: [2, 20],
  async inject(world) {
    await world.killBroker();
    return () => world.startBroker();
  },
};
