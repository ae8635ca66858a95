import type { Fault } from "../fault";

export const postgresBackendKilled: Fault = {
  does: "one connection's process of PostgreSQL is killed (SIGKILL), upon which it ends all and recovers by itself",
  lastsS: [2, 5],
  async inject(world) {
    const { rows } = await world.cluster.pool.query<{ pid: number }>(
      "SELECT pid FROM pg_stat_activity WHERE application_name = 'mn316-fleet'",
    );
    process.kill(world.pick(rows).pid, "SIGKILL");
    return () => Promise.resolve();
  },
};
