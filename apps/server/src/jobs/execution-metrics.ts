import { EXECUTION_STATUSES } from "@mn316-fleet/contracts";
import { Inject, Injectable } from "@nestjs/common";
import { Database } from "../platform/database/database";
import { addFleetGauge } from "../platform/metrics/fleet-gauge";
import { Metrics } from "../platform/metrics/metrics";
import { ExecutionsStore } from "./executions.store";
import { isFinal } from "./transitions";

/** What is to be done on devices, as Prometheus sees it. */
@Injectable()
export class ExecutionMetrics {
  constructor(store: ExecutionsStore, database: Database, @Inject(Metrics) metrics: Metrics) {
    addFleetGauge(metrics, database, {
      name: "fleet_executions_open",
      help: "Executions of the fleet that have not ended, by status",
      label: "status",
      values: EXECUTION_STATUSES.filter((status) => !isFinal(status)),
      count: () => store.countOpen(),
    });
  }
}
