import { setTimeout as sleep } from "node:timers/promises";
import type { Fault } from "./fault";
import { suffer, type Outcome } from "./round";
import type { ChaosWorld } from "./world/chaos-world";
import { holdingsOf } from "./world/processes";

const SAMPLE_MS = 60_000;
/** Until caches, pools and the compiler have what they want, memory grows by itself. */
const WARM_UP_SHARE = 0.25;
const PAUSE_S = { min: 5, spread: 25 };

/** Memory of one moment, in MiB. */
export interface Sample {
  minute: number;
  /** Of each node's process, 0 while it does not run. */
  nodes: number[];
  /** Of the processes that run the virtual fleet, together. */
  fleet: number;
  devicesOnline: number;
  eventsStored: number;
}

export interface SoakResult {
  outcomes: Outcome[];
  samples: Sample[];
  /** Of the first node, which lives all the time, behind the warm-up: MiB a minute. */
  slope: number;
}

/**
 * Lets faults happen one after the other, by chance, for some minutes, and watches memory.
 * @param tell hears of each outcome and sample as they come
 */
export async function soak(
  world: ChaosWorld,
  faults: readonly [name: string, fault: Fault][],
  minutes: number,
  tell: (news: { outcome: Outcome } | { sample: Sample }) => void,
): Promise<SoakResult> {
  const samples: Sample[] = [];
  const outcomes: Outcome[] = [];
  const beganAt = performance.now();
  const sampling = setInterval(() => {
    void sampleOf(world, (performance.now() - beganAt) / 60_000).then((sample) => {
      samples.push(sample);
      tell({ sample });
    });
  }, SAMPLE_MS);
  while (performance.now() - beganAt < minutes * 60_000) {
    const [name, fault] = world.pick(faults);
    const outcome = await suffer(world, name, fault, duration(fault, world.random));
    outcomes.push(outcome);
    tell({ outcome });
    await sleep((PAUSE_S.min + world.random() * PAUSE_S.spread) * 1_000);
  }
  clearInterval(sampling);
  return { outcomes, samples, slope: slopeOf(samples.slice(Math.ceil(samples.length * WARM_UP_SHARE))) };
}

/** How long a fault lasts, in seconds, drawn from its range. */
export function duration({ lastsS: [min, max] }: Fault, random: () => number): number {
  return min + random() * (max - min);
}

async function sampleOf({ cluster, fleet }: ChaosWorld, minutes: number): Promise<Sample> {
  // While PostgreSQL is away nobody can say.
  const { rows } = await cluster.pool
    .query<{ online: number; events: number }>(
      `SELECT (SELECT count(*) FROM device_state WHERE online)::float8 AS online,
              (SELECT sum(acked) FROM outbox_position)::float8 AS events`,
    )
    .catch(() => ({ rows: [] }));
  return {
    minute: Math.round(minutes),
    nodes: cluster.pids.map((pid) => (pid === undefined ? 0 : Math.round(holdingsOf(pid).residentMib))),
    fleet: Math.round(fleet.pids.reduce((sum, pid) => sum + holdingsOf(pid).residentMib, 0)),
    devicesOnline: rows[0]?.online ?? Number.NaN,
    eventsStored: rows[0]?.events ?? Number.NaN,
  };
}

/** Least squares over the first node's memory: MiB a minute. */
function slopeOf(samples: readonly Sample[]): number {
  const points = samples.map(({ minute, nodes }) => ({ x: minute, y: nodes[0] ?? 0 }));
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanX, meanY] = [mean(points.map(({ x }) => x)), mean(points.map(({ y }) => y))];
  const covariance = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0);
  const variance = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  return variance === 0 ? 0 : Math.round((covariance / variance) * 100) / 100;
}
