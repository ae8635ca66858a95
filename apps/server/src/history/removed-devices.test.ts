import { CLOSE, type FleetEvent } from "@mn316-fleet/protocol";
import { createTestDatabase, eventually, type TestDatabase } from "@mn316-fleet/testkit";
import { Presence } from "../gateway/presence";
import { EventWriter } from "../ingest/event-writer";
import { FleetServer } from "../test-support/fleet-server";
import { handedIn } from "../test-support/history/handed-in";
import { TestAgent } from "../test-support/test-agent";
import { RemovedDevices } from "./removed-devices";
import { HistoryRetention } from "./retention";

const DAY_MS = 86_400_000;

describe("what is known of removed devices", () => {
  let database: TestDatabase;
  let server: FleetServer;

  beforeAll(async () => {
    database = await createTestDatabase();
    server = await FleetServer.start(database.url);
  }, 60_000);
  afterAll(async () => {
    await server.stop();
    await database.drop();
  });

  const ids = async (table: string) =>
    (await server.database.pool.query<{ id: string }>(`SELECT device_id AS id FROM ${table} ORDER BY 1`)).rows.map(
      ({ id }) => id,
    );

  /** A device that lost its connection that many days ago. */
  async function device(daysAgo: number): Promise<{ id: string; token: string }> {
    const created = await server.createDevice();
    const at = Date.now() - daysAgo * DAY_MS;
    const [from, to, cause] = ["connected", "disconnected", "gave-up"] as const;
    const events: FleetEvent[] = [{ seq: 1, at, kind: "state", from, to, since: at - 60_000, cause }];
    await server.app.get(EventWriter, { strict: false }).write([handedIn(created.id, events)]);
    return created;
  }

  it("goes with the last of their history", async () => {
    const [gone, remembered, living] = [await device(500), await device(5), await device(500)];
    for (const { id } of [gone, remembered]) await server.request("DELETE", `devices/${id}`);
    const upkeep = server.app.get(RemovedDevices, { strict: false });
    await upkeep.forget();
    const all = [gone.id, remembered.id, living.id].sort();
    expect([await ids("outbox_position"), await ids("outage_progress")]).toEqual([all, all]);

    await server.database.pool.query("DELETE FROM module_event WHERE device_id = ANY ($1)", [[gone.id, living.id]]);
    await server.app.get(HistoryRetention, { strict: false }).trim(new Date());
    await Promise.all([upkeep.forget(), upkeep.forget()]);
    const left = [remembered.id, living.id].sort();
    expect([await ids("outbox_position"), await ids("outage_progress")]).toEqual([left, left]);

    // Neither its token nor a connection that was just being made brings anything back.
    const agent = new TestAgent(server.url, gone.token);
    await eventually(() => {
      expect(agent.closed?.code).toBe(CLOSE.unauthorized);
    });
    const hello = { agent: "1", clock: Date.now(), module: {}, epoch: 1, resumeFrom: 40 };
    const reported = { version: 0, config: null };
    const begun = await server.app
      .get(Presence, { strict: false })
      .begin(gone.id, { type: "hello", ...hello, reported });
    expect(begun).toMatchObject({ isCurrent: false, acked: 0 });
    expect(await ids("outbox_position")).toEqual(left);
  });
});
