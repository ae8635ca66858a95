import { eventually } from "@mn316-fleet/testkit";
import { type Device, World } from "./harness/world";
import { type VirtualModule } from "./harness/virtual-module";

/** §3.4 with its seconds shortened: the virtual module's timers run so many times faster than the manual's. */
const TIME_SCALE = 20;
const SETTINGS = { keepAliveS: 30, ackTimeoutS: 10, pingEcho: true };
const RECOVERY = { recovery: { reopenAfterS: 1, backoff: 1, maxReopens: 5, thenRestart: false } };

describe("a module whose broker goes silent (§3.4)", () => {
  const world = new World();
  let device: Device;
  let module: VirtualModule;

  beforeAll(async () => {
    await Promise.all([world.startServer(), world.startBroker()]);
    device = await world.addDevice(world.config(SETTINGS, RECOVERY));
    module = await world.startModule(device, ["--time-scale", String(TIME_SCALE)]);
    world.startAgent(device, module);
    await eventually(async () => expect((await read()).module.state).toBe("connected"), { timeoutMs: 20_000 });
  }, 90_000);
  afterAll(() => world.stop(), 60_000);

  const read = () => world.api.ok("GET", `devices/${device.id}`);
  const events = (kind: string) => world.api.all(`devices/${device.id}/events?kind=${kind}`);

  it("shows up as three ping timeouts, three reconnect attempts and an outage by heart-beat, then recovers", async () => {
    module.fault("network-silent", true);
    await eventually(async () => expect((await read()).module.state).toBe("disconnected"), { timeoutMs: 60_000 });
    const lost = await read();
    expect(lost.module.cause).toBe("heartbeat-lost");
    expect(lost.link.online).toBe(true); // the agent's link is another thing than the module's

    expect((await events("timeout")).filter(({ type }) => type === 5)).toHaveLength(3);
    const attempts = (await events("reconnect")).map(({ attempt }) => attempt as number);
    expect(attempts.sort()).toEqual([0, 1, 2]);

    module.fault("network-silent", false);
    await eventually(async () => expect((await read()).module.state).toBe("connected"), { timeoutMs: 60_000 });

    const intervals = await world.api.all(`devices/${device.id}/intervals`);
    const outage = intervals.find(({ state, cause }) => state === "reconnecting" && cause === "heartbeat-lost");
    expect(outage).toBeDefined();
    expect(outage.seconds).toBeGreaterThan(0);
    expect(intervals.filter(({ state, cause }) => state === "connected" && cause === "heartbeat-lost")).toHaveLength(1);
  }, 150_000);

  it("is counted by the analytics from what was stored", async () => {
    const timeouts = await world.api.ok("GET", `analytics/timeouts?deviceId=${device.id}`);
    expect(timeouts.totals.ping).toBe(3);
    expect(timeouts.rows.reduce((sum: number, row: { ping: number }) => sum + row.ping, 0)).toBe(3);

    const availability = await world.api.ok("GET", `analytics/availability?deviceId=${device.id}`);
    const { connectedSeconds, knownSeconds } = availability.fleet;
    expect(connectedSeconds).toBeGreaterThan(0);
    expect(knownSeconds).toBeGreaterThan(connectedSeconds);
    expect(availability.fleet.availability).toBeCloseTo(connectedSeconds / knownSeconds, 5);
  });
});
