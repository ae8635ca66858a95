import type { Fault } from "../fault";

export const redisRestarted: Fault = {
  does: "Redis is stopped in order, and started again",
  lastsS: [4, 20],
  takesAway: "Redis",
  async inject({ redis }) {
    await redis.stop();
    return () => redis.start();
  },
};
