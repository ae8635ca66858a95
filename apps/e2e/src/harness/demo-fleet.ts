import { readFileSync } from "node:fs";
import path from "node:path";
import { startFleet } from "../../../../tools/demo/fleet.mjs";
import { ROOT } from "../../../../tools/lib/workspace.mjs";
import { pastOf, tellPast } from "./past";
import type { World } from "./world";

const SIMULATOR = path.join(ROOT, "apps/simulator/dist/mn316-sim.js");
const DAY_MS = 86_400_000;

/**
 * Starts the demo fleet as `npm start` does, on a world's server and broker, with a past that is told before.
 * @param size devices @param days how long the past is
 */
export async function startDemoFleet(world: World, size: number, days: number): Promise<void> {
  const dataDir = path.join(world.folder, "demo-fleet");
  const devicesFile = path.join(dataDir, "demo", "devices.json");
  const args = ["--devices", String(size), "--server", world.url.replace("http", "ws"), "--broker", world.brokerUrl];
  const registering = world.run(
    "registering",
    [SIMULATOR, "register", ...args, "--devices-file", devicesFile, "--data-dir", path.join(dataDir, "demo", "shared")],
    { FLEET_API_KEY: world.adminKey },
  );
  if ((await registering.exited) !== 0) throw new Error(registering.lastLines.join("\n"));
  const devices = JSON.parse(readFileSync(devicesFile, "utf8")) as { token: string }[];
  const now = Date.now();
  for (const [index, { token }] of devices.entries())
    await tellPast(world.url, token, pastOf(index, now - days * DAY_MS, now));
  process.env.FLEET_DEMO_DEVICES = String(size);
  await startFleet({
    ...{ url: world.url, adminKey: world.adminKey, broker: world.brokerUrl, dataDir },
    watch: (program) => world.adopt(program),
  });
}
