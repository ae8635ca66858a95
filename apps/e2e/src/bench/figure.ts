/** One measured number, beside what it is compared with; a line of `npm run bench -- --json`. */
export interface Figure {
  bench: string;
  value: number;
  unit: string;
  baseline?: number;
  baselineIs?: string;
  ratio?: number;
  p50Ms?: number;
  p95Ms?: number;
  p99Ms?: number;
  [extra: string]: number | string | undefined;
}

/** A benchmark: runs for some seconds and gives its figures. */
export type Bench = () => Promise<Figure[]>;

/**
 * The value below which a share of the samples lies.
 * @param share 0…1
 */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Rounds for print: three significant digits. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
