/** `npm run bench [-- NAME…] [-- --json]`: installs and builds what is missing, then measures (see docs/benchmarks.md). */
import path from "node:path";
import { buildPrograms, installPackages, requireNode, ROOT, run } from "./lib/workspace.mjs";

requireNode();
try {
  await installPackages();
  await buildPrograms();
  const bench = path.join(ROOT, "apps/e2e/dist/bench.js");
  const args = process.argv.slice(2).filter((argument) => argument !== "--");
  process.exitCode = await run(process.execPath, ["--expose-gc", bench, ...args]);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
