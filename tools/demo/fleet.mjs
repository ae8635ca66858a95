/**
 * The demo fleet: virtual modules with a real MQTT connection each. The first few sit on real pseudo-terminals with an
 * agent process of their own, the rest share one process.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { Program } from "../lib/processes.mjs";
import { ROOT } from "../lib/workspace.mjs";

const SIMULATOR = path.join(ROOT, "apps/simulator/dist/mn316-sim.js");
const AGENT = path.join(ROOT, "apps/agent/dist/mn316-agent.js");
const DEFAULT_DEVICES = 12;
const REAL_PROCESSES = 3;
/** Of each module that shares the process, so that there is something to look at. */
const OUTAGES_AN_HOUR = "1.5";
/** How often one demo module loses its network, so that there is an outage to look at, and for how long. */
const OUTAGE = { everyMs: 600_000, lastsMs: 240_000, firstAfterMs: 20_000 };

/**
 * @typedef {{ id: string, token: string, name: string, imei: string }} DemoDevice
 * @param {{ url: string, adminKey: string, broker: string, dataDir: string, watch: (program: Program) => Program }} context
 */
export async function startFleet({ url, adminKey, broker, dataDir, watch }) {
  const folder = path.join(dataDir, "demo");
  const server = url.replace(/^http/, "ws");
  const devicesFile = path.join(folder, "devices.json");
  const common = ["--devices", String(demoSize()), "--server", server, "--broker", broker];
  common.push("--devices-file", devicesFile, "--data-dir", path.join(folder, "shared"));
  await register(common, adminKey);
  /** @type {DemoDevice[]} */
  const devices = JSON.parse(readFileSync(devicesFile, "utf8")).slice(0, demoSize());

  const real = process.platform === "win32" ? [] : devices.slice(0, REAL_PROCESSES);
  console.log(`Starting ${devices.length} virtual modules, ${real.length} of them on serial lines of their own …`);
  await Promise.all(real.map((device) => startOnSerialLine(device, { server, broker, folder, watch })));
  if (devices.length === real.length) return;
  const args = ["fleet", ...common, "--first", String(real.length), "--outages", OUTAGES_AN_HOUR, "--exit-with-stdin"];
  await watch(new Program("The shared demo fleet", [SIMULATOR, ...args])).firstLine();
}

/**
 * Creates the demo's devices once; a later start finds them, with their tokens, in the data folder.
 * @param {string[]} args
 * @param {string} adminKey
 */
async function register(args, adminKey) {
  const program = new Program("Registering the demo fleet", [SIMULATOR, "register", ...args], {
    env: { FLEET_API_KEY: adminKey },
  });
  if ((await program.exited) !== 0) throw new Error(`${program.name} failed:\n${program.lastLines.join("\n")}`);
}

/**
 * @param {DemoDevice} device
 * @param {{ server: string, broker: string, folder: string, watch: (program: Program) => Program }} context
 */
async function startOnSerialLine(device, { server, broker, folder, watch }) {
  const simulator = watch(
    new Program(`The module of ${device.name}`, [
      SIMULATOR,
      "--pty",
      "--broker",
      broker,
      "--imei",
      device.imei,
      "--exit-with-stdin",
    ]),
  );
  const port = await simulator.firstLine();
  watch(
    new Program(`The agent of ${device.name}`, [AGENT, "--server", server, "--port", port], {
      ipc: true,
      env: { MN316_TOKEN: device.token, MN316_DATA_DIR: path.join(folder, device.imei) },
    }),
  );
  if (device.imei.endsWith("1")) loseNetworkNowAndThen(simulator);
}

/** @param {Program} simulator */
function loseNetworkNowAndThen(simulator) {
  /** @type {(on: boolean) => void} */
  const silence = (on) => {
    if (simulator.child.stdin?.writable) simulator.child.stdin.write(`fault network-silent ${on ? "on" : "off"}\n`);
    setTimeout(silence, on ? OUTAGE.lastsMs : OUTAGE.everyMs - OUTAGE.lastsMs, !on).unref();
  };
  setTimeout(silence, OUTAGE.firstAfterMs, true).unref();
}

/**
 * How many devices the demo has, from `FLEET_DEMO_DEVICES`.
 * @throws where the variable is not a whole number from 1 to 10000
 */
export function demoSize() {
  const given = process.env.FLEET_DEMO_DEVICES || String(DEFAULT_DEVICES);
  const size = Number(given);
  if (!Number.isInteger(size) || size < 1 || size > 10_000)
    throw new Error(`FLEET_DEMO_DEVICES is "${given}": expected a whole number from 1 to 10000`);
  return size;
}
