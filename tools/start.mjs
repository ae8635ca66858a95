/**
 * `npm start`: installs what is missing, builds what changed, and runs the server with a demo fleet until Ctrl-C.
 * `npm start -- --no-demo` runs the server alone.
 */
import { parseArgs } from "node:util";
import { buildPrograms, installPackages, requireNode } from "./lib/workspace.mjs";

requireNode();
const { values } = parseArgs({ options: { "no-demo": { type: "boolean" }, help: { type: "boolean", short: "h" } } });
if (values.help) {
  console.log(
    "npm start [-- --no-demo]   starts the server, by default with a demo fleet; settings are in docs/settings.md",
  );
  process.exit(0);
}

try {
  await installPackages();
  console.log("Building …");
  await buildPrograms();
  const { launch } = await import("./demo/launch.mjs");
  process.exitCode = await launch({ demo: !values["no-demo"] });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
