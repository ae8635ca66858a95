/** `npm run chaos [-- NAME…] [-- --seed N] [-- --faults N] [-- --soak MINUTES] [-- --devices N] [-- --json]` */
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { seededRandom } from "../../../../libs/virtual-mn316/src/random";
import type { Fault } from "../chaos/fault";
import { FAULTS } from "../chaos/faults";
import { inWords, summarize } from "../chaos/report";
import { lastLook, suffer, type Outcome } from "../chaos/round";
import { duration, soak, type Sample } from "../chaos/soak";
import { ChaosWorld, type WorldOptions } from "../chaos/world/chaos-world";

const HELP = `npm run chaos [-- NAME…] [-- OPTIONS]

Lets processes, disks, networks and clocks fail beneath a fleet of real processes, and checks what must hold.
Every fault once unless names are given.

  --seed N         of everything that is left to chance (drawn, and printed)
  --faults N       so many, drawn from all or from those named
  --soak MINUTES   faults by chance for so long; memory is printed every minute
  --devices N      virtual devices of the fleet (20; 2000 in a soak)
  --json           one line of JSON for each

Names: ${Object.keys(FAULTS).join(", ")}
`;
/** Growth that counts as flat, in MiB a minute. */
const FLAT_MIB = 1;
const PER_PROCESS = 500;

const { values, positionals } = readArguments();
const seed = number("seed", values.seed, randomInt(2 ** 31), 0);
const soakMinutes = values.soak === undefined ? undefined : number("soak", values.soak, 30, 1);
const devices = number("devices", values.devices, soakMinutes === undefined ? 20 : 2_000, 1);
const options: WorldOptions = {
  nodes: 3,
  lightAgents: 30,
  virtualDevices: devices,
  perProcess: Math.min(PER_PROCESS, Math.ceil(devices / 2)),
  // A large fleet tells enough at the pace of the field.
  timeScale: devices > 100 ? 1 : 20,
  outagesPerHour: devices > 100 ? 2 : 20,
  fieldDevices: 2,
  eventEveryMs: 1_000,
  jobEveryMs: 1_000,
  databaseMib: soakMinutes === undefined ? 768 : 2_048,
  settleWithinMs: devices > 100 ? 420_000 : 180_000,
  seed,
};
const random = seededRandom(seed);
const chosen = Object.entries(FAULTS).filter(([name]) => positionals.length === 0 || positionals.includes(name));
/** In a soak the first node lives all the time. */
const livable = chosen.filter(([, { endsAllNodes }]) => !endsAllNodes);
const outcomes: Outcome[] = [];

say(`seed ${seed}\n`);
// Without it what was started would go on, and disks would stay mounted.
const isOver = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => {
    isOver.abort();
  });
const world = await ChaosWorld.start(options, random, isOver.signal).catch((error: unknown) => {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
});
isOver.signal.addEventListener("abort", () => void world.stop().finally(() => process.exit(1)));
let isFlat = true;
try {
  if (soakMinutes === undefined) for (const one of order()) await sufferOne(one);
  else {
    const { samples, slope } = await soak(world, livable, soakMinutes, (news) => {
      if ("sample" in news) tellSample(news.sample);
      else tellOutcome(news.outcome);
    });
    isFlat = slope < FLAT_MIB;
    say(`memory of node 0: ${slope} MiB a minute over ${samples.length} samples, behind the warm-up\n`);
    if (values.json) print({ slopeMibPerMinute: slope });
  }
  const problems = await lastLook(world);
  tellOutcome({
    ...{ name: "last-look", does: "all that was recorded and asked for is compared once more", problems },
    ...{ lastedS: 0, settledS: 0, events: world.agents.reduce((sum, { ledger }) => sum + ledger.length, 0) },
    executions: world.jobs.made.reduce((sum, { deviceIds }) => sum + deviceIds.length, 0),
  });
} finally {
  await world.stop();
}
const { faults, ...summary } = summarize(seed, outcomes);
print({ ...summary, faults: faults - 1 });
process.exit(summary.failed === 0 && isFlat ? 0 : 1);

async function sufferOne([name, fault]: [string, Fault]): Promise<void> {
  tellOutcome(await suffer(world, name, fault, duration(fault, random)));
}

/** All that were chosen, in an order by chance, or so many drawn from them. */
function order(): [string, Fault][] {
  if (values.faults !== undefined)
    return Array.from({ length: number("faults", values.faults, 1, 1) }, () => world.pick(chosen));
  return chosen
    .map((one) => ({ one, lot: random() }))
    .sort((a, b) => a.lot - b.lot)
    .map(({ one }) => one);
}

function tellOutcome(outcome: Outcome): void {
  outcomes.push(outcome);
  say(inWords(outcome));
  if (values.json) print(outcome);
}

function tellSample(sample: Sample): void {
  const { minute, nodes, fleet, devicesOnline, eventsStored } = sample;
  say(
    `minute ${minute}: nodes ${nodes.join(", ")} MiB, fleet ${fleet} MiB, ${devicesOnline} devices online, ${eventsStored} events\n`,
  );
  if (values.json) print(sample);
}

function say(words: string): void {
  if (!values.json) process.stdout.write(words);
}

function print(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function readArguments() {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  try {
    const parsed = parseArgs({
      allowPositionals: true,
      options: { seed: text, faults: text, soak: text, devices: text, json: flag, help: { ...flag, short: "h" } },
    });
    const unknown = parsed.positionals.find((name) => !(name in FAULTS));
    if (unknown !== undefined) throw new Error(`there is no fault "${unknown}"`);
    if (parsed.values.help) {
      process.stdout.write(HELP);
      process.exit(0);
    }
    return parsed;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${HELP}`);
    process.exit(1);
  }
}

function number(name: string, given: string | undefined, otherwise: number, min: number): number {
  if (given === undefined) return otherwise;
  const value = Number(given);
  if (Number.isInteger(value) && value >= min) return value;
  process.stderr.write(`--${name}: expected a whole number from ${min}\n`);
  process.exit(1);
}
