import { Gauge } from "prom-client";
import type { Metrics } from "./metrics";

/** Scrapes come from several collectors and to every node: a count of the fleet is not made anew for each. */
const KNOWN_FOR_MS = 10_000;

interface FleetGauge {
  name: string;
  help: string;
  label: string;
  /** All values of the label: those that nothing has are 0. */
  values: readonly string[];
  /** Counts what is there now. */
  count: () => Promise<{ value: string; count: number }[]>;
}

/** Adds a count of the whole fleet out of the database, which every node tells alike; absent while the database is away. */
export function addFleetGauge(metrics: Metrics, { name, help, label, values, count }: FleetGauge): void {
  let counted: { at: number; counts: ReturnType<FleetGauge["count"]> } | undefined;
  new Gauge({
    name,
    help: `${help}; every node says the same`,
    labelNames: [label],
    registers: [metrics],
    async collect() {
      const now = performance.now();
      if (!counted || now - counted.at > KNOWN_FOR_MS) counted = { at: now, counts: count() };
      // Without the database the other metrics are wanted all the more.
      const rows = await counted.counts.catch(() => undefined);
      this.reset();
      if (!rows) return;
      for (const value of values) this.set({ [label]: value }, 0);
      for (const row of rows) this.set({ [label]: row.value }, row.count);
    },
  });
}
