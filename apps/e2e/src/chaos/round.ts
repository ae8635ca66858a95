import { setTimeout as sleep } from "node:timers/promises";
import { acknowledged, checkLedgers, checkSequences, recorded } from "./checks/events";
import { checkExecutions } from "./checks/executions";
import { checkLeftovers, measureNodes, type NodeHoldings } from "./checks/leftovers";
import { checkPresence } from "./checks/presence";
import { ReadinessWatch } from "./checks/readiness";
import type { Fault, Problem } from "./fault";
import type { ChaosWorld } from "./world/chaos-world";

/** How a fault went. */
export interface Outcome {
  name: string;
  does: string;
  /** How long it lasted, and how long until all was well again, in seconds. */
  lastedS: number;
  settledS: number;
  /** What was compared. */
  events: number;
  executions: number;
  problems: Problem[];
}

const TAKEN_AWAY_WITHIN_MS = 15_000;
const LOOK_EVERY_MS = 500;
/** Of many problems of one fault, the first say it. */
const MOST_PROBLEMS = 20;

/**
 * Lets one fault happen, makes it good again, and looks whether everything is as it should be.
 * @param lastsS how long it lasts, in seconds
 */
export async function suffer(world: ChaosWorld, name: string, fault: Fault, lastsS: number): Promise<Outcome> {
  const problems: Problem[] = [];
  const before = await measureNodes(world);
  const jobsBefore = world.jobs.made.length;
  const beganAt = performance.now();
  const readiness = new ReadinessWatch(world);
  let healedAt = beganAt;
  try {
    const heal = await fault.inject(world);
    try {
      await sleep(lastsS * 1_000);
      if (fault.takesAway) await untilSaidAway(readiness, fault, problems);
    } finally {
      await heal();
      healedAt = performance.now();
    }
  } catch (error) {
    problems.push({ kind: "other", text: (error as Error).message });
  }
  const atOnce = acknowledged(world.agents);
  problems.push(...(await settled(world, () => checkLedgers(world.cluster.pool, atOnce))));
  problems.push(...(await settled(world, () => whatIsWrong(world, before))));
  const known = acknowledged(world.agents);
  const made = world.jobs.made.slice(jobsBefore);
  problems.push(...(await settled(world, () => checkLedgers(world.cluster.pool, known))));
  problems.push(...(await settled(world, () => checkExecutions(world, made))));
  const settledAt = performance.now();
  await readiness.stop();
  problems.push(...readiness.problems);
  return {
    name,
    does: fault.does,
    lastedS: seconds(healedAt - beganAt),
    settledS: seconds(settledAt - healedAt),
    events: known.reduce((sum, { events }) => sum + events.length, 0),
    executions: made.reduce((sum, { deviceIds }) => sum + deviceIds.length, 0),
    problems: problems.slice(0, MOST_PROBLEMS),
  };
}

/** When all is over: what every agent recorded is there, and every job came to its end. */
export async function lastLook(world: ChaosWorld): Promise<Problem[]> {
  world.silence();
  await world.jobs.stop();
  const all = recorded(world.agents);
  return [
    ...(await settled(world, () => checkLedgers(world.cluster.pool, all))),
    ...(await settled(world, () => checkExecutions(world, world.jobs.made))),
    ...(await settled(world, () => checkSequences(world.cluster.pool, world.deviceIds))),
  ];
}

async function whatIsWrong(world: ChaosWorld, before: NodeHoldings): Promise<Problem[]> {
  const presence = await checkPresence(world);
  if (presence.length > 0) return presence;
  return [...(await checkSequences(world.cluster.pool, world.deviceIds)), ...(await checkLeftovers(world, before))];
}

/** Looks again until nothing is wrong. @returns what still is when the time is up */
async function settled({ options }: ChaosWorld, look: () => Promise<Problem[]>): Promise<Problem[]> {
  const deadline = performance.now() + options.settleWithinMs;
  for (;;) {
    const problems = await look().catch((error: unknown): Problem[] => [
      { kind: "other", text: (error as Error).message },
    ]);
    if (problems.length === 0 || performance.now() > deadline) return problems;
    await sleep(LOOK_EVERY_MS);
  }
}

async function untilSaidAway(readiness: ReadinessWatch, { takesAway }: Fault, problems: Problem[]): Promise<void> {
  const deadline = performance.now() + TAKEN_AWAY_WITHIN_MS;
  while (takesAway && !readiness.saidAway.has(takesAway)) {
    if (performance.now() > deadline) {
      problems.push({ kind: "readiness", text: `no node says that ${takesAway} is away` });
      return;
    }
    await sleep(LOOK_EVERY_MS);
  }
}

const seconds = (ms: number) => Math.round(ms / 100) / 10;
