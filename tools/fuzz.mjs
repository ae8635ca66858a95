/** `npm run fuzz [-- NAME…] [-- --seed N] [-- --runs N]`: builds what is missing, then tries hostile input (see docs/security.md). */
import path from "node:path";
import { buildPrograms, installPackages, requireNode, ROOT, run } from "./lib/workspace.mjs";

requireNode();
try {
  await installPackages();
  await buildPrograms();
  const fuzz = path.join(ROOT, "apps/e2e/dist/fuzz.js");
  const args = process.argv.slice(2).filter((argument) => argument !== "--");
  process.exitCode = await run(process.execPath, [fuzz, ...args]);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
