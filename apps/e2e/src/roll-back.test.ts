import { eventually } from "@mn316-fleet/testkit";
import { type Device, World } from "./harness/world";

describe("a configuration with which the module does not connect", () => {
  const world = new World();
  let device: Device;

  beforeAll(async () => {
    await Promise.all([world.startServer(), world.startBroker()]);
    device = await world.addDevice(world.config());
    world.startAgent(device, await world.startModule(device));
    await connected();
  }, 90_000);
  afterAll(() => world.stop(), 60_000);

  const connected = () =>
    eventually(
      async () => {
        expect((await world.api.ok("GET", `devices/${device.id}`)).module.state).toBe("connected");
      },
      { timeoutMs: 30_000 },
    );

  it("is rolled back, and the device stays connected on the last good one", async () => {
    const before = await world.api.ok("GET", `devices/${device.id}/config`);
    const { version } = await world.api.ok("PATCH", `devices/${device.id}/config`, { mqtt: { port: 1 } });
    const config = await eventually(
      async () => {
        const now = await world.api.ok("GET", `devices/${device.id}/config`);
        expect(now).toMatchObject({ version, status: "rolled-back" });
        return now;
      },
      { timeoutMs: 120_000 },
    );
    expect(config.reason).toBeTruthy();
    expect(config.reported.mqtt.port).toBe(before.desired.mqtt.port);
    await connected();
  }, 180_000);
});
