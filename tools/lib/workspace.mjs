/** What every command of the repository needs first: the packages of the lock file, and the built programs. */
import { spawn } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root, found from here or from a bundle that this file is part of. */
export const ROOT = findRoot(path.dirname(fileURLToPath(import.meta.url)));
/** What Node runs the server with. Frames of agents live for milliseconds: a larger nursery keeps them out of the old generation. */
export const SERVER_ARGS = ["--max-semi-space-size=64", path.join(ROOT, "apps/server/dist/main.js")];
const OLDEST_NODE = [20, 19];
/** What npm writes last, when everything else is in its place. */
const INSTALLED = path.join("node_modules", ".package-lock.json");

/**
 * @param {string} folder somewhere in the repository
 * @returns {string}
 */
function findRoot(folder) {
  return existsSync(path.join(folder, "nx.json")) ? folder : findRoot(path.dirname(folder));
}

/** Stops with one line where Node is too old to run anything here. */
export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  console.error(`Node ${process.versions.node} is too old: this project needs Node ${OLDEST_NODE.join(".")} or newer.`);
  process.exit(1);
}

/**
 * Runs a command in the repository's root and resolves with its exit code.
 * @param {string} command
 * @param {string[]} args
 * @param {import("node:child_process").SpawnOptions} [options] `stdio` is inherited unless given
 * @returns {Promise<number>}
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const shell = process.platform === "win32";
    const child = spawn(command, args, { cwd: ROOT, stdio: "inherit", shell, ...options });
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(code ?? (signal ? 1 : 0)));
  });
}

/** Installs the packages of the lock file, unless npm has done so since the file last changed. */
export async function installPackages() {
  const [lock, installed] = ["package-lock.json", INSTALLED].map((file) =>
    statSync(path.join(ROOT, file), { throwIfNoEntry: false }),
  );
  if (lock && installed && installed.mtimeMs >= lock.mtimeMs) return;
  console.log("Installing packages …");
  const code = await run("npm", ["ci", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]);
  if (code !== 0) throw new Error(`npm ci ended with code ${code}`);
}

/**
 * Runs a command silently; throws with what it printed when it fails.
 * @param {string} command
 * @param {string[]} args
 */
async function runQuietly(command, args) {
  /** @type {Buffer[]} */
  const printed = [];
  const child = spawn(command, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => printed.push(chunk));
  const code = await new Promise((resolve, reject) => child.once("error", reject).once("close", resolve));
  if (code !== 0) throw new Error(`${args.join(" ")} ended with code ${code}\n${Buffer.concat(printed).toString()}`);
}

/** Builds all programs; what has not changed comes from the build cache. */
export async function buildPrograms() {
  const nx = path.join(ROOT, "node_modules", "nx", "dist", "bin", "nx.js");
  await runQuietly(process.execPath, [nx, "run-many", "-t", "build", "--output-style=static"]);
}
