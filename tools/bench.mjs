/** `npm run bench [-- NAME…] [-- --json]`: installs and builds what is missing, then measures (see docs/benchmarks.md). */
import { spawn } from "node:child_process";
import path from "node:path";
import { buildPrograms, installPackages, requireNode, ROOT } from "./lib/workspace.mjs";

requireNode();
try {
  await installPackages();
  await buildPrograms();
  const bench = path.join(ROOT, "apps/e2e/dist/bench.js");
  const args = process.argv.slice(2).filter((argument) => argument !== "--");
  const child = spawn(process.execPath, ["--expose-gc", bench, ...args], { cwd: ROOT, stdio: "inherit" });
  // It ends what it has started before it goes itself: it must hear, and be waited for.
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) process.on(signal, () => child.kill(signal));
  process.exitCode = await new Promise((resolve, reject) => {
    child.once("error", reject).once("exit", (code) => resolve(code ?? 1));
  });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
