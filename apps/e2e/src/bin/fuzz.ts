/** `npm run fuzz [-- NAME…] [--seed N] [--runs N]`: tries hostile input on what reads it, and says how many were tried. */
import { randomInt } from "node:crypto";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { fuzzTargets } from "../fuzz/targets/index";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: "string" }, runs: { type: "string" } },
});
const fuzzed = fuzzTargets();
const { targets } = fuzzed;
const unknown = positionals.find((name) => !(name in targets));
if (unknown !== undefined) fail(`There is no target "${unknown}": choose from ${Object.keys(targets).join(", ")}.`);
const seed = values.seed === undefined ? randomInt(2 ** 31) : wholeNumber("--seed", values.seed);
const runs = values.runs === undefined ? undefined : wholeNumber("--runs", values.runs);

let failures = 0;
process.stdout.write(`seed ${seed}\n`);
for (const [name, target] of Object.entries(targets)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  const began = performance.now();
  try {
    const tried = await target.fuzz({ seed, runs: runs ?? target.runs });
    const seconds = ((performance.now() - began) / 1_000).toFixed(1);
    process.stdout.write(`${name}: ${tried} inputs in ${seconds} s (${target.inputs})\n`);
  } catch (error) {
    failures++;
    process.stdout.write(
      `${name}: FAILED with seed ${seed}\n${error instanceof Error ? error.stack : String(error)}\n`,
    );
  }
}
await fuzzed.stop();
process.exitCode = failures > 0 ? 1 : 0;

function wholeNumber(option: string, text: string): number {
  if (/^\d{1,10}$/.test(text) && Number(text) < 2 ** 31) return Number(text);
  return fail(`${option} must be a whole number below 2147483648.`);
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
