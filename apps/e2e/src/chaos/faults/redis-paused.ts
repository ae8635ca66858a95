import type { Fault } from "../fault";

export const redisPaused: Fault = {
  does: "Redis is paused (SIGSTOP), and goes on",
  lastsS: [8, 30],
  takesAway: "Redis",
  inject({ redis }) {
    const pid = redis.pid!;
    process.kill(pid, "SIGSTOP");
    return Promise.resolve(() => {
      process.kill(pid, "SIGCONT");
      return Promise.resolve();
    });
  },
};
