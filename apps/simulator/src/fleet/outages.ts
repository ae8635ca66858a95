import type { FaultName, VirtualMn316 } from "@mn316-fleet/virtual-mn316";

interface Outage {
  fault: FaultName;
  /** How often, in relation to the others. */
  share: number;
  lastsMs: readonly [min: number, max: number];
}

const SILENCE: Outage = { fault: "network-silent", share: 45, lastsMs: [60_000, 420_000] };
/** What befalls modules in the field. */
const OUTAGES: readonly Outage[] = [
  SILENCE,
  { fault: "network-down", share: 25, lastsMs: [10_000, 120_000] },
  { fault: "broker-refuses", share: 15, lastsMs: [30_000, 180_000] },
  { fault: "drop-puback", share: 5, lastsMs: [30_000, 120_000] },
  { fault: "restart", share: 10, lastsMs: [0, 0] },
];

const HOUR_MS = 3_600_000;

/**
 * Lets a module suffer outages by chance, so many an hour on average.
 * @param random 0 ≤ x < 1
 * @returns ends it; what is wrong then stays wrong
 */
export function sufferOutages(module: VirtualMn316, perHour: number, random: () => number): () => void {
  let timer: NodeJS.Timeout | undefined;
  const later = (ms: number, then: () => void) => (timer = setTimeout(then, ms).unref());
  // Exponentially distributed waits: outages that know nothing of each other.
  const wait = () => later((-Math.log(1 - random()) * HOUR_MS) / perHour, strike);
  const strike = () => {
    const { fault, lastsMs } = draw(random());
    const [min, max] = lastsMs;
    module.fault(fault);
    later(min + random() * (max - min), () => {
      module.fault(fault, false);
      wait();
    });
  };
  if (perHour > 0) wait();
  return () => {
    clearTimeout(timer);
  };
}

/** @param point 0 ≤ x < 1 */
function draw(point: number): Outage {
  let left = point * OUTAGES.reduce((sum, { share }) => sum + share, 0);
  return OUTAGES.find(({ share }) => (left -= share) < 0) ?? SILENCE;
}
