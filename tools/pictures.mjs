/**
 * `npm run pictures [-- FOLDER]`: has the browser tests write pictures of every page of the dashboard, in both languages and
 * themes, to a folder (`.fleet/pictures` unless given), and takes from there those that the documents show (`docs/images`).
 */
import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import path from "node:path";
import { buildPrograms, installPackages, requireNode, ROOT, run } from "./lib/workspace.mjs";

const DOCUMENTS = path.join(ROOT, "docs", "images");
/** What the documents show, and of which look it is: English and light unless a folder is named. */
const SHOWN = {
  "fleet.png": "fleet.png",
  "fleet-dark.png": "en-dark/fleet.png",
  "fleet-zh.png": "zh-dark/fleet.png",
};

requireNode();
try {
  await installPackages();
  await buildPrograms();
  const given = process.argv.slice(2).find((argument) => argument !== "--");
  const folder = path.resolve(given ?? path.join(ROOT, ".fleet", "pictures"));
  const jest = path.join(ROOT, "node_modules", "jest", "bin", "jest.js");
  // The suite comes first: whatever follows the option it takes for names of projects.
  const args = ["--experimental-vm-modules", "--no-warnings", jest, "dashboard-pages", "--selectProjects", "e2e"];
  const code = await run(process.execPath, args, { env: { ...process.env, FLEET_PICTURES: folder } });
  if (code !== 0) throw new Error("The pages have faults: their pictures are not taken into the documents.");
  mkdirSync(DOCUMENTS, { recursive: true });
  const pages = readdirSync(folder).filter((name) => name.endsWith(".png"));
  const shown = { ...Object.fromEntries(pages.map((name) => [name, name])), ...SHOWN };
  for (const [name, source] of Object.entries(shown))
    copyFileSync(path.join(folder, source), path.join(DOCUMENTS, name));
  console.log(
    `${Object.keys(shown).length} pictures are in ${path.relative(process.cwd(), DOCUMENTS)}, all of them in ${folder}`,
  );
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
