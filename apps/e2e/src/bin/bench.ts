/** `npm run bench [-- NAME…] [-- --json]`: runs the benchmarks one after the other and prints their figures. */
import { parseArgs } from "node:util";
import { stopAllRunning } from "../../../server/src/test-support/left-running";
import { agentBench } from "../bench/agent.bench";
import { analyticsBench } from "../bench/analytics.bench";
import { backlogBench } from "../bench/backlog.bench";
import { commandBench } from "../bench/command.bench";
import { decodeBench } from "../bench/decode.bench";
import { dispatchBench } from "../bench/dispatch.bench";
import { type Bench, type Figure } from "../bench/figure";
import { floodBench } from "../bench/flood.bench";
import { idleBench } from "../bench/idle.bench";
import { ingestBench } from "../bench/ingest.bench";
import { stormBench } from "../bench/storm.bench";
import { tableBench } from "../bench/table.bench";
import { virtualModuleBench } from "../bench/virtual-module.bench";

const BENCHES: Record<string, Bench> = {
  decode: decodeBench,
  ingest: ingestBench,
  idle: idleBench,
  command: commandBench,
  dispatch: dispatchBench,
  storm: stormBench,
  backlog: backlogBench,
  flood: floodBench,
  "virtual-module": virtualModuleBench,
  agent: agentBench,
  analytics: analyticsBench,
  table: tableBench,
};
const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: "boolean" } } });
const unknown = positionals.find((name) => !(name in BENCHES));
if (unknown !== undefined) {
  process.stderr.write(`There is no benchmark "${unknown}": choose from ${Object.keys(BENCHES).join(", ")}.\n`);
  process.exit(1);
}

// Whoever ends a benchmark wants nothing of it left: databases and servers have process groups of their own. What the
// benchmark itself says while they go away under it is nothing to report.
let isEnding = false;
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)
  process.on(signal, () => {
    if (isEnding) return;
    isEnding = true;
    process.on("uncaughtException", () => undefined);
    void stopAllRunning().finally(() => process.exit(code));
  });

for (const [name, bench] of Object.entries(BENCHES)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  if (!values.json) process.stdout.write(`${name} …\n`);
  for (const figure of await bench())
    process.stdout.write(values.json ? `${JSON.stringify(figure)}\n` : inWords(figure));
}

function inWords({ bench, value, unit, baseline, baselineIs, ratio, ...rest }: Figure): string {
  const details = Object.entries(rest).map(([name, figure]) => `${name} ${figure}`);
  const comparison = baseline === undefined ? [] : [`${ratio} of ${baseline} ${unit} (${baselineIs})`];
  return `  ${bench}: ${value} ${unit}, ${[...comparison, ...details].join(", ")}\n`;
}
