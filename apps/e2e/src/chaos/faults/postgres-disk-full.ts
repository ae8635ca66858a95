import { Client } from "pg";
import type { Fault } from "../fault";
import type { ChaosWorld } from "../world/chaos-world";

export const postgresDiskFull: Fault = {
  does: "PostgreSQL's disk is full, and gets room again; PostgreSQL is started anew where it ended over it",
  lastsS: [8, 25],
  async inject(world) {
    await world.databaseDisk.fill();
    await untilRefused(world);
    return async () => {
      await world.databaseDisk.free();
      if (!world.postgres.isRunning) await world.postgres.startAgain();
    };
  },
};

/** What is written takes the room that PostgreSQL had put aside; then it takes nothing more. */
async function untilRefused({ postgres }: ChaosWorld): Promise<void> {
  const client = new Client({ connectionString: postgres.url });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.query("CREATE TABLE filler (text text)");
    for (;;) await client.query("INSERT INTO filler SELECT repeat(md5(n::text), 32) FROM generate_series(1, 2000) n");
  } catch {
    await client.end().catch(() => undefined);
  }
}
