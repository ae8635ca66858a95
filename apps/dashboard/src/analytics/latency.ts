/** A latency as people read it: whole milliseconds below a second, seconds with one decimal above. */
export function inLatency(ms: number | null): string {
  if (ms === null) return "–";
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}
