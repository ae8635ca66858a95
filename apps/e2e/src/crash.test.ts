import { eventually } from "@mn316-fleet/testkit";
import { type Device, World } from "./harness/world";
import { type VirtualModule } from "./harness/virtual-module";

const ROUNDS = 3;
/** Connections that do not hold make the agent wait longer each time. */
const PATIENCE_MS = 150_000;

describe("a server that is killed during a stream", () => {
  const world = new World();
  let device: Device;
  let module: VirtualModule;

  beforeAll(async () => {
    await Promise.all([world.startServer(), world.startBroker()]);
    // With the heart-beat's answers shown and time running fast, the module produces a steady stream of events.
    device = await world.addDevice(world.config({ keepAliveS: 20, pingEcho: true }));
    module = await world.startModule(device, ["--time-scale", "200"]);
    world.startAgent(device, module);
    await eventually(async () => expect(await pings()).toBeGreaterThan(5), { timeoutMs: 30_000 });
  }, 90_000);
  afterAll(() => world.stop(), 60_000);

  const stored = () => world.api.all(`devices/${device.id}/events?limit=500`);
  const pings = async () => (await stored()).filter(({ kind }) => kind === "ping").length;

  it(
    "loses no event and doubles none",
    async () => {
      for (let round = 1; round <= ROUNDS; round++) {
        const before = await pings();
        await world.killServer();
        await world.startServer();
        await eventually(async () => expect(await pings()).toBeGreaterThan(before + 10), { timeoutMs: PATIENCE_MS });
      }
      const events = await stored();
      const numbers = events.map(({ seq }) => seq as number).sort((a, b) => a - b);
      expect(new Set(events.map(({ epoch }) => epoch as number)).size).toBe(1);
      expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => index + 1));
      // A server that dies is no event of the module: it opens what the history says, and loses a connection only where the
      // broker's answers are late for so fast a time.
      const states = events.filter(({ kind }) => kind === "state");
      const opened = (await module.commands()).filter((line) => line.startsWith("AT+MQTTOPEN="));
      expect(opened).toHaveLength(states.filter(({ to }) => to === "tcp-connecting").length);
      expect(states.filter(({ from, cause }) => from === "connected" && cause !== "heartbeat-lost")).toEqual([]);
    },
    ROUNDS * PATIENCE_MS,
  );
});
