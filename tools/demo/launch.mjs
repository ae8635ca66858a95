/** Runs the server and the demo fleet, in order, until a signal; then stops all of it in the opposite order. */
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { freePort, Program } from "../lib/processes.mjs";
import { ROOT, SERVER_ARGS } from "../lib/workspace.mjs";
import { demoSize, startFleet } from "./fleet.mjs";

const SIMULATOR = path.join(ROOT, "apps/simulator/dist/mn316-sim.js");
const DEFAULT_PORT = 3000;
const DEFAULT_MQTT_PORT = 1883;

/**
 * @param {{ demo: boolean }} options
 * @returns {Promise<number>} the exit code
 */
export async function launch({ demo }) {
  if (demo) demoSize(); // a wrong setting stops the start before anything runs
  const dataDir = path.resolve(ROOT, process.env.FLEET_DATA_DIR || ".fleet");
  const logs = path.join(dataDir, "logs");
  mkdirSync(logs, { recursive: true });
  /** In the order of their start. @type {Program[]} */
  const running = [];
  const stopped = untilSignal();
  /** @type {(program: Program) => Program} */
  const watch = (program) => {
    running.push(program);
    program.logTo(path.join(logs, `${program.name.replace(/^The /, "").replaceAll(" ", "-")}.log`));
    void program.exited.then((code) => {
      if (!program.stopping) stopped.fail(`${program.name} ended (${code}):\n${program.lastLines.join("\n")}`);
    });
    return program;
  };

  let exitCode = 0;
  try {
    await Promise.race([start(), stopped.promise]);
    await stopped.promise;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    exitCode = 1;
  }
  console.log("Stopping …");
  for (const program of running.reverse()) await program.stop();
  console.log("Stopped. All data is kept; `npm start` goes on from here.");
  return exitCode;

  async function start() {
    const adminKey = process.env.FLEET_ADMIN_KEY || keptAdminKey(dataDir);
    const port = process.env.PORT || String(demo ? await freePort(DEFAULT_PORT) : DEFAULT_PORT);
    console.log("Starting the server …");
    const server = watch(
      new Program("The server", SERVER_ARGS, {
        ipc: true,
        env: { PORT: port, FLEET_DATA_DIR: dataDir, FLEET_ADMIN_KEY: adminKey },
      }),
    );
    const url = await server.message((message) => (message?.type === "ready" ? String(message.url) : undefined));
    if (demo) {
      const broker = process.env.MQTT_URL || (await startBroker(watch));
      await startFleet({ url, adminKey, broker, dataDir, watch });
    }
    if (port !== (process.env.PORT || String(DEFAULT_PORT)))
      console.log(`Port ${DEFAULT_PORT} is taken: using ${port}.`);
    console.log(`\n  Dashboard  ${url}/#key=${adminKey}\n  API        ${url}/api/docs\n  Admin key  ${adminKey}`);
    console.log(`  Logs       ${path.relative(process.cwd(), logs) || logs}\n`);
    console.log("Ctrl-C stops everything; the data is kept.");
  }
}

/**
 * Starts the demo's own MQTT broker, on the usual port where it is free.
 * @param {(program: Program) => Program} watch
 * @returns {Promise<string>} its address
 */
async function startBroker(watch) {
  const port = await freePort(DEFAULT_MQTT_PORT);
  console.log(
    `Starting an MQTT broker on port ${port}${port === DEFAULT_MQTT_PORT ? "" : ` (${DEFAULT_MQTT_PORT} is taken)`} …`,
  );
  const broker = watch(
    new Program("The MQTT broker", [SIMULATOR, "broker", "--port", String(port), "--exit-with-stdin"]),
  );
  await broker.firstLine();
  return `mqtt://127.0.0.1:${port}`;
}

/**
 * The admin key of this installation, made at the first start and readable by its owner only.
 * @param {string} dataDir
 */
function keptAdminKey(dataDir) {
  const file = path.join(dataDir, "admin-key");
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    const key = `mfk_${randomBytes(32).toString("base64url")}`;
    writeFileSync(file, `${key}\n`, { mode: 0o600 });
    return key;
  }
}

/** A promise that resolves at the first signal to stop, or fails when told; a second signal ends the launcher at once. */
function untilSignal() {
  /** @type {(reason: Error) => void} */
  let reject = () => undefined;
  const promise = new Promise((resolve, rejectPromise) => {
    reject = rejectPromise;
    let signals = 0;
    const onSignal = () => (++signals === 1 ? resolve(undefined) : process.exit(130));
    for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, onSignal);
  });
  promise.catch(() => undefined); // told by whoever awaits it
  return { promise, fail: (/** @type {string} */ why) => reject(new Error(why)) };
}
