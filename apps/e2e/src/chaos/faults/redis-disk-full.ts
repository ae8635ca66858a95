import { Redis } from "ioredis";
import type { Fault } from "../fault";

const PIECE = "x".repeat(256 * 1_024);

export const redisDiskFull: Fault = {
  does: "Redis' disk is full, so that it takes no more, and gets room again",
  lastsS: [8, 25],
  takesAway: "Redis",
  async inject({ redis: { url }, redisDisk }) {
    await redisDisk.fill();
    const redis = new Redis(url);
    redis.on("error", () => undefined);
    // Until it says so: what it writes takes the last free pages.
    for (let isRefused = false; !isRefused;)
      isRefused = await redis.set("chaos", PIECE).then(
        () => false,
        () => true,
      );
    redis.disconnect();
    return () => redisDisk.free();
  },
};
