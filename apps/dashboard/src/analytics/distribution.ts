import type { Outages } from "@mn316-fleet/contracts";

type Distribution = Outages["distribution"];

/** Where columns of a distribution by duration begin, in seconds: 0 to 10 s, to 30 s, to a minute, and so on. */
const EDGES_S = [0, 10, 30, 60, 300, 900, 3_600, 21_600, 86_400];

/** A fine distribution of durations in a few columns that people think in; none where nothing is in it. */
export function coarser(distribution: Distribution): { fromSeconds: number; outages: number }[] {
  const total = distribution.reduce((sum, { outages }) => sum + outages, 0);
  if (total === 0) return [];
  return EDGES_S.map((fromSeconds, index) => {
    const to = EDGES_S[index + 1] ?? Infinity;
    const within = distribution.filter((step) => step.fromSeconds >= fromSeconds && step.fromSeconds < to);
    return { fromSeconds, outages: within.reduce((sum, { outages }) => sum + outages, 0) };
  });
}
