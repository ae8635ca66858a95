import { Gauge } from "prom-client";
import type { Database } from "../database/database";
import type { Metrics } from "./metrics";
import { sharedCount } from "./shared-count";

interface FleetGauge {
  name: string;
  help: string;
  label: string;
  /** All values of the label: those that nothing has are 0. */
  values: readonly string[];
  /** Counts what is there now. */
  count: () => Promise<{ value: string; count: number }[]>;
}

/**
 * Adds a count of the whole fleet out of the database, which every node tells alike; absent while the database is away. Scrapes
 * come from several collectors and to every node: one of them counts for all.
 */
export function addFleetGauge(
  metrics: Metrics,
  database: Database,
  { name, help, label, values, count }: FleetGauge,
): void {
  new Gauge({
    name,
    help: `${help}; every node says the same`,
    labelNames: [label],
    registers: [metrics],
    async collect() {
      // Without the database the other metrics are wanted all the more.
      const rows = await sharedCount(database.pool, name, count).catch(() => undefined);
      this.reset();
      if (!rows) return;
      for (const value of values) this.set({ [label]: value }, 0);
      for (const row of rows) this.set({ [label]: row.value }, row.count);
    },
  });
}
