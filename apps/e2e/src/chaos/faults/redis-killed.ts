import type { Fault } from "../fault";

export const redisKilled: Fault = {
  does: "Redis is killed (SIGKILL), and started again on what is on its disk",
  lastsS: [4, 20],
  takesAway: "Redis",
  async inject({ redis }) {
    await redis.kill();
    return () => redis.start();
  },
};
