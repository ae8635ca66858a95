import { createTestDatabase, eventually, type TestDatabase } from "@mn316-fleet/testkit";
import { FleetServer } from "../test-support/fleet-server";
import { pings, TestAgent } from "../test-support/test-agent";
import { EventPartitions } from "./partitions";

const DAY_MS = 86_400_000;
const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10).replaceAll("-", "");

describe("the partitions of the raw events", () => {
  let database: TestDatabase;
  let nodes: FleetServer[];
  let device: { id: string; token: string };
  let agent: TestAgent;

  beforeAll(async () => {
    database = await createTestDatabase();
    const adminKey = `mfk_${"k".repeat(43)}`;
    // Both make the first partitions at the same time.
    nodes = await Promise.all([0, 1].map(() => FleetServer.start(database.url, { adminKey })));
  }, 60_000);
  beforeEach(async () => {
    device = await nodes[0]!.createDevice();
    agent = await TestAgent.connect(nodes[0]!.url, device.token);
  });
  afterEach(() => agent.vanish());
  afterAll(async () => {
    for (const node of nodes) await node.stop();
    await database.drop();
  });

  const maintain = (now: number) =>
    Promise.all(nodes.map((node) => node.app.get(EventPartitions, { strict: false }).maintain(new Date(now))));
  /** How many of the device's events lie in which table. */
  const places = async () => {
    const { rows } = await nodes[0]!.database.pool.query<{ place: string; events: number }>(
      "SELECT tableoid::regclass::text AS place, count(*)::int AS events FROM module_event WHERE device_id = $1 GROUP BY 1",
      [device.id],
    );
    return Object.fromEntries(rows.map(({ place, events }) => [place, events]));
  };

  it("are there for the days around now, and for other days there is a place, too", async () => {
    const now = Date.now();
    agent.events([...pings(1, 1, now), ...pings(2, 2, now - 3 * DAY_MS), ...pings(3, 3, now + 7 * DAY_MS)]);
    agent.events([...pings(4, 4, now - 4 * DAY_MS), ...pings(5, 5, now + 8 * DAY_MS)]);
    await agent.acked(5);
    expect(await places()).toEqual({
      [`module_event_${dayOf(now)}`]: 1,
      [`module_event_${dayOf(now - 3 * DAY_MS)}`]: 1,
      [`module_event_${dayOf(now + 7 * DAY_MS)}`]: 1,
      module_event_default: 2,
    });
  });

  it("are made by several nodes at once while events of that very day come in, and none is lost", async () => {
    const later = Math.floor(Date.now() / DAY_MS + 30) * DAY_MS;
    const batches = 60;
    let sent = 0;
    const sending = setInterval(() => {
      if (sent < batches) agent.events(pings(sent * 100 + 1, sent * 100 + 100, later + sent * 100));
      sent++;
    }, 5);
    await eventually(() => {
      expect(agent.of("ack").length).toBeGreaterThan(5);
    });
    await eventually(async () => {
      expect(await maintain(later)).toEqual([true, true]);
    });
    await agent.acked(batches * 100);
    clearInterval(sending);
    expect(await places()).toEqual({ [`module_event_${dayOf(later)}`]: batches * 100 });
    expect(nodes.flatMap(({ log }) => log).filter((line) => JSON.parse(line).level >= 40)).toEqual([]);
  });

  it("are dropped whole after the retention, and so is what a wrong clock dated elsewhere", async () => {
    const now = Date.now();
    agent.events([...pings(1, 1, now), ...pings(2, 2, 0), ...pings(3, 3, now + 600 * DAY_MS)]);
    await agent.acked(3);
    await maintain(now);
    expect(await places()).toEqual({ [`module_event_${dayOf(now)}`]: 1, module_event_default: 2 });
    await maintain(now + 89 * DAY_MS);
    expect(await places()).toEqual({ [`module_event_${dayOf(now)}`]: 1, module_event_default: 2 });
    await maintain(now + 92 * DAY_MS);
    expect(await places()).toEqual({});
  });

  it("are left for later where somebody is at work on the table, and no event waits for that", async () => {
    const later = Math.floor(Date.now() / DAY_MS + 1_000) * DAY_MS;
    const reader = await nodes[0]!.database.pool.connect();
    await reader.query("BEGIN");
    await reader.query("SELECT FROM module_event_default LIMIT 1");
    expect(await maintain(later)).toEqual([false, false]);
    agent.events(pings(1, 10, later));
    await agent.acked(10);
    expect(await places()).toEqual({ module_event_default: 10 });
    await reader.query("ROLLBACK");
    reader.release();
    // Of two at once one may find the other at it.
    await eventually(async () => {
      expect(await maintain(later)).toEqual([true, true]);
    });
    expect(await places()).toEqual({ [`module_event_${dayOf(later)}`]: 10 });
  });
});
