import { HEARTBEAT } from "@mn316-fleet/protocol";
import { setTimeout as sleep } from "node:timers/promises";
import type { Fault } from "../fault";

/** Two heart-beats that were missed, the third that is not sent any more, and what they are late by. */
const NOTICED_AFTER_MS = HEARTBEAT.everyMs * 3.3 + 5_000;

export const networkDead: Fault = {
  does: "connections are half-open for so long that both sides must notice by themselves",
  lastsS: [0, 0],
  async inject(world) {
    world.door.set({ kind: "half-open" });
    await sleep(NOTICED_AFTER_MS);
    return async () => {
      const { rows } = await world.cluster.pool.query<{ online: number }>(
        "SELECT count(*)::int AS online FROM device_state WHERE online",
      );
      const connected = world.agents.filter(({ isConnected }) => isConnected).length;
      world.door.set({ kind: "fair" });
      if (rows[0]!.online > 0 || connected > 0)
        throw new Error(`${rows[0]!.online} devices still count as online, ${connected} agents as connected`);
    };
  },
};
