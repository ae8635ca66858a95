import { createTestDatabase, eventually, type TestDatabase } from "@mn316-fleet/testkit";
import { EventReceiver } from "../../server/src/test-support/event-receiver";
import { type Device, World } from "./harness/world";

const SECRET_KEY = "ab".repeat(32);

describe("an event stream whose process is killed", () => {
  /** Each with a server of its own; modules and agents are the survivor's. */
  const worlds = [new World(), new World()];
  let database: TestDatabase;
  let receiver: EventReceiver;
  let device: Device;
  let survivor: World;
  let victim: World;

  beforeAll(async () => {
    database = await createTestDatabase();
    receiver = await EventReceiver.start();
    for (const [index, world] of worlds.entries())
      await world.startServer({
        DATABASE_URL: database.url,
        FLEET_NODE_ID: `node-${index}`,
        FLEET_SECRET_KEY: SECRET_KEY,
        FLEET_WEBHOOK_NETWORKS: "127.0.0.0/8",
        FLEET_ADMIN_KEY: worlds[0]!.adminKey,
      });
    const [first, second] = worlds as [World, World];
    const stream = { name: "warehouse", url: receiver.url, secret: receiver.secret, startFrom: "beginning" };
    const { id } = await first.api.ok("POST", "event-streams", stream);
    const owner = await eventually(async () => {
      const { node } = (await first.api.ok("GET", `event-streams/${id}`)).status;
      if (node === null) throw new Error("nobody delivers it yet");
      return node as string;
    });
    [survivor, victim] = owner === "node-0" ? [second, first] : [first, second];
    Object.assign(survivor, { adminKey: first.adminKey });
    await survivor.startBroker();
    // With the heart-beat's answers shown and time running fast, the module produces a steady stream of events.
    device = await survivor.addDevice(survivor.config({ keepAliveS: 20, pingEcho: true }));
    const module = await survivor.startModule(device, ["--time-scale", "200"]);
    survivor.startAgent(device, module);
    await eventually(() => expect(receiver.events.length).toBeGreaterThan(20), { timeoutMs: 60_000 });
  }, 120_000);
  afterAll(async () => {
    for (const world of worlds) await world.stop();
    await receiver.close();
    await database.drop();
  }, 60_000);

  it("goes on from another one, without a hole and in order", async () => {
    await victim.killServer();
    const before = receiver.events.length;
    await eventually(() => expect(receiver.events.length).toBeGreaterThan(before + 50), { timeoutMs: 60_000 });
    const numbers = [...new Set(receiver.events.map(({ seq }) => seq))];
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => index + 1));
    expect(new Set(receiver.events.map(({ epoch }) => epoch)).size).toBe(1);
    expect(receiver.batches.flatMap(({ data }) => data.gaps)).toEqual([]);
  }, 90_000);
});
