/** `npm run chaos [-- NAME…]`: installs and builds what is missing, then lets things fail (see docs/faults.md). */
import path from "node:path";
import { buildPrograms, installPackages, requireNode, ROOT, run } from "./lib/workspace.mjs";

requireNode();
try {
  await installPackages();
  await buildPrograms();
  const chaos = path.join(ROOT, "apps/e2e/dist/chaos.js");
  const args = process.argv.slice(2).filter((argument) => argument !== "--");
  process.exitCode = await run(process.execPath, [chaos, ...args]);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
