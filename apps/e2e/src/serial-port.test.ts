import { eventually } from "@mn316-fleet/testkit";
import { renameSync, symlinkSync } from "node:fs";
import path from "node:path";
import type { VirtualModule } from "./harness/virtual-module";
import { type Device, World } from "./harness/world";

describe("a serial adapter that is pulled and comes back under another name", () => {
  const world = new World();
  let device: Device;
  /** The name that the system keeps for the adapter, as in /dev/serial/by-id. */
  const byId = path.join(world.folder, "usb-adapter-A1");

  beforeAll(async () => {
    await Promise.all([world.startServer(), world.startBroker()]);
    device = await world.addDevice(world.config());
  }, 90_000);
  afterAll(() => world.stop(), 60_000);

  const plugIn = (module: VirtualModule) => {
    symlinkSync(module.port, `${byId}.new`);
    renameSync(`${byId}.new`, byId);
  };
  const events = async (kind: string): Promise<{ state: string; at: number }[]> =>
    (await world.api.all(`devices/${device.id}/events?limit=500&kind=${kind}`)).reverse();
  const isConnected = () =>
    eventually(async () => expect((await world.api.ok("GET", `devices/${device.id}`)).module.state).toBe("connected"), {
      timeoutMs: 60_000,
    });

  it("is found again, its module configured, and the time in between told", async () => {
    const [first, second] = [await world.startModule(device), await world.startModule(device)];
    expect(second.port).not.toBe(first.port);
    plugIn(first);
    world.startAgent(device, { port: byId });
    await isConnected();
    await first.unplug();
    await eventually(async () => expect((await events("serial")).map(({ state }) => state)).toEqual(["open", "lost"]), {
      timeoutMs: 30_000,
    });
    plugIn(second);
    await isConnected();
    expect((await events("serial")).map(({ state }) => state)).toEqual(["open", "lost", "open"]);
    expect((await second.commands()).some((command) => command.startsWith("AT+MQTTCFG="))).toBe(true);
    const states = await world.api.all(`devices/${device.id}/events?limit=500&kind=state`);
    expect(states.map(({ cause }) => cause as string)).toContain("serial-lost");
  }, 180_000);
});
