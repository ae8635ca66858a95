import { Redis } from "ioredis";
import type { Fault } from "../fault";

export const redisEmptied: Fault = {
  does: "Redis loses all that it holds (FLUSHALL)",
  lastsS: [1, 5],
  async inject({ redis: { url } }) {
    const redis = new Redis(url);
    await redis.flushall();
    await redis.quit();
    return () => Promise.resolve();
  },
};
