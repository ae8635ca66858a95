/** What each program is made of, as a CycloneDX document. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { ROOT } from "./workspace.mjs";

/**
 * What is given away, and the workspaces whose packages it holds. The server's image holds the dashboard, too.
 * @type {Record<string, { workspaces: string[], description: string }>}
 */
export const PROGRAMS = {
  server: { workspaces: ["server", "dashboard"], description: "The server with its dashboard: the container image" },
  agent: { workspaces: ["agent"], description: "The agent beside a module" },
  fleetctl: { workspaces: ["cli"], description: "The command line" },
  simulator: { workspaces: ["simulator"], description: "Virtual modules and fleets" },
};

/** What may be given away together with a program under Apache-2.0, its notices kept. */
export const ALLOWED_LICENSES = new Set([
  ...["0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BlueOak-1.0.0", "CC0-1.0", "ISC", "MIT", "MIT-0"],
  ...["PostgreSQL", "Python-2.0", "Unlicense", "Zlib"],
]);

/**
 * @typedef {{ license?: { id?: string, name?: string }, expression?: string }} License
 * @typedef {{ "bom-ref": string, name: string, version: string, purl: string, licenses?: License[],
 *   properties?: { name: string, value: string }[] }} Component
 * @typedef {{ metadata: { component: Record<string, unknown> }, components: Component[],
 *   dependencies: { ref: string, dependsOn: string[] }[] }} Sbom
 */

/** @type {Promise<string> | undefined} */
let everything;

/**
 * Asks npm, which reads what is installed and reaches nothing for it. By itself it would leave out what a program shares
 * with the tools of the repository, so it is asked for everything, and what no program needs is dropped here.
 * @param {string} name of `PROGRAMS`
 * @returns {Promise<Sbom>}
 */
export async function sbomOf(name) {
  const program = PROGRAMS[name];
  if (!program) throw new Error(`There is no program "${name}": choose from ${Object.keys(PROGRAMS).join(", ")}.`);
  everything ??= promisify(execFile)("npm", ["sbom", "--sbom-format", "cyclonedx", "--loglevel", "error"], {
    cwd: ROOT,
    maxBuffer: 64 * 1024 * 1024,
    shell: process.platform === "win32",
  }).then(({ stdout }) => stdout);
  return reduced(JSON.parse(await everything), name, program);
}

/** @param {Component} component @returns {string[]} what it is given under, an expression as its parts */
export function licensesOf({ licenses = [] }) {
  return licenses.flatMap(({ license, expression }) =>
    expression === undefined
      ? [license?.id ?? license?.name ?? "?"]
      : expression.split(/[()\s]+|\bOR\b|\bAND\b/).filter(Boolean),
  );
}

/** @param {Component} component @returns {boolean} whether it may be given away; of an `OR` one part is enough */
export function isAllowed(component) {
  const licenses = licensesOf(component);
  const isChoice = component.licenses?.some(
    ({ expression }) => expression?.includes(" OR ") && !expression.includes(" AND "),
  );
  const isFine = (/** @type {string} */ license) => ALLOWED_LICENSES.has(license);
  return licenses.length > 0 && (isChoice ? licenses.some(isFine) : licenses.every(isFine));
}

/**
 * Keeps what the workspaces of a program need to run. npm also describes the folder that it stands in instead of the program,
 * and knows no license of packages that are not published: ours.
 * @param {Sbom} sbom
 * @param {string} name
 * @param {{ workspaces: string[], description: string }} program
 * @returns {Sbom}
 */
function reduced(sbom, name, { workspaces, description }) {
  const { license, version } = manifestIn(".");
  const components = new Map(sbom.components.map((component) => [component["bom-ref"], component]));
  const edges = new Map(sbom.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
  /** @type {Map<string, string[]>} */
  const kept = new Map();
  const waiting = workspaces.map((workspace) => `@mn316-fleet/${workspace}@${version}`);
  const roots = [...waiting];
  for (let ref = waiting.pop(); ref !== undefined; ref = waiting.pop()) {
    const component = components.get(ref);
    if (!component) throw new Error(`npm names no package ${ref}`);
    if (kept.has(ref)) continue;
    const needed = neededBy(component);
    const dependsOn = (edges.get(ref) ?? []).filter((other) => needed.has(other.replace(/@[^@]*$/, "")));
    kept.set(ref, dependsOn);
    waiting.push(...dependsOn);
    if (isOurs(component)) component.licenses ??= [{ license: { id: license } }];
  }
  const root = `mn316-fleet-${name}@${version}`;
  const purl = `pkg:npm/${root}`;
  Object.assign(sbom.metadata.component, { type: "application", name: `mn316-fleet-${name}`, description, purl });
  sbom.metadata.component["bom-ref"] = root;
  sbom.components = sbom.components.filter((component) => kept.has(component["bom-ref"]));
  kept.set(root, roots);
  sbom.dependencies = Array.from(kept, ([ref, dependsOn]) => ({ ref, dependsOn }));
  return sbom;
}

/** @param {Component} component @returns {boolean} */
function isOurs({ properties = [] }) {
  return properties.some((property) => property.name === "cdx:npm:package:private");
}

/** @param {Component} component @returns {Set<string>} names of the packages without which it does not run */
function neededBy(component) {
  const { properties = [], purl } = component;
  const folder = properties.find((property) => property.name === "cdx:npm:package:path")?.value;
  const manifest = manifestIn(folder ?? `node_modules/${decodeURIComponent(purl).replace(/^pkg:npm\/(.+)@.*$/, "$1")}`);
  const { dependencies = {}, optionalDependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = manifest;
  const peers = Object.keys(peerDependencies).filter((peer) => !peerDependenciesMeta[peer]?.optional);
  return new Set([...Object.keys(dependencies), ...Object.keys(optionalDependencies), ...peers]);
}

/** @param {string} folder of the repository @returns {any} its package.json */
function manifestIn(folder) {
  return JSON.parse(readFileSync(path.join(ROOT, folder, "package.json"), "utf8"));
}
