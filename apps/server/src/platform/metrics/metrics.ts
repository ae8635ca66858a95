import { collectDefaultMetrics, Registry } from "prom-client";

/** All of a process's Prometheus metrics; features add theirs at their own begin. */
export class Metrics extends Registry {
  constructor() {
    super();
    collectDefaultMetrics({ register: this });
  }
}
