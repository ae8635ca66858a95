/**
 * `npm test`: installs what is missing, builds what changed, and runs all tests on real services. Arguments are handed
 * to Jest (`npm test -- libs/at`). Ends with one line that counts what passed, failed and was skipped.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { buildPrograms, installPackages, requireNode, ROOT, run } from "./lib/workspace.mjs";

const RESULTS = path.join(ROOT, "coverage");
/** Whole processes share the machine's two cores badly, so their tests run alone. */
const RUNS = [
  { name: "unit", args: ["--selectProjects", "libs", "server", "apps", "--maxWorkers", "2"] },
  { name: "e2e", args: ["--selectProjects", "e2e", "--runInBand"] },
];

requireNode();
try {
  await installPackages();
  await buildPrograms();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
mkdirSync(RESULTS, { recursive: true });

const jest = path.join(ROOT, "node_modules", "jest", "bin", "jest.js");
const total = { passed: 0, failed: 0, skipped: 0 };
let succeeded = true;
for (const { name, args } of RUNS) {
  const outputFile = path.join(RESULTS, `${name}.json`);
  const given = process.argv.slice(2);
  rmSync(outputFile, { force: true });
  const options = ["--experimental-vm-modules", "--no-warnings", jest, ...args, "--passWithNoTests"];
  const code = await run(process.execPath, [...options, "--json", "--outputFile", outputFile, ...given], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  succeeded &&= code === 0;
  if (!existsSync(outputFile)) {
    total.failed++; // it did not even begin; what it said stands above
    continue;
  }
  const results = JSON.parse(readFileSync(outputFile, "utf8"));
  total.passed += results.numPassedTests;
  total.failed += results.numFailedTests + results.numRuntimeErrorTestSuites;
  total.skipped += results.numPendingTests + results.numTodoTests;
  for (const file of results.testResults)
    for (const test of file.assertionResults) if (test.status === "pending") console.log(`skipped: ${test.fullName}`);
}
if (process.env.CI === "true" && total.skipped > 0) {
  console.error("In CI nothing may be skipped.");
  succeeded = false;
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = succeeded && total.failed === 0 && total.passed > 0 ? 0 : 1;
