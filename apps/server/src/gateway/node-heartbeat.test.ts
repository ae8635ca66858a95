import { createTestDatabase, eventually, type TestDatabase } from "@mn316-fleet/testkit";
import { FleetServer } from "../test-support/fleet-server";
import { TestAgent } from "../test-support/test-agent";
import { NodeHeartbeat } from "./node-heartbeat";

describe("a node whose heart-beat was late", () => {
  let testDatabase: TestDatabase;
  let server: FleetServer;

  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    server = await FleetServer.start(testDatabase.url);
  }, 60_000);
  afterAll(async () => {
    await server.stop();
    await testDatabase.drop();
  });

  it("takes back the devices that others declared away, and leaves the rows of all others alone", async () => {
    const { pool } = server.database;
    const taken = await server.createDevice();
    const left = await server.createDevice();
    const agents = await Promise.all([taken, left].map(({ token }) => TestAgent.connect(server.url, token)));
    const rowOf = async (id: string) => {
      const { rows } = await pool.query<{ online: boolean; version: string }>(
        "SELECT online, xmin::text AS version FROM device_state WHERE device_id = $1",
        [id],
      );
      return rows[0];
    };
    await pool.query("UPDATE device_state SET online = false WHERE device_id = $1", [taken.id]);
    await pool.query("UPDATE link_session SET ended = now(), close_code = 1006 WHERE device_id = $1", [taken.id]);
    const before = await rowOf(left.id);

    // What a silence of seven seconds leaves behind.
    Object.assign(server.app.get(NodeHeartbeat, { strict: false }), { wasSilent: true });
    await eventually(async () => {
      expect(await rowOf(taken.id)).toMatchObject({ online: true });
    });
    expect(await rowOf(left.id)).toEqual(before);
    const { items } = await server.ok("GET", `devices/${taken.id}/link-sessions`);
    expect(items).toMatchObject([{ ended: null, closeCode: null }]);
    for (const agent of agents) await agent.vanish();
  });
});
