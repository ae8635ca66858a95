import { KNOWN_MODULE_STATES } from "@mn316-fleet/manual";
import { Inject, Injectable } from "@nestjs/common";
import { Database } from "../platform/database/database";
import { addFleetGauge } from "../platform/metrics/fleet-gauge";
import { Metrics } from "../platform/metrics/metrics";
import { DevicesStore } from "./devices.store";

/** How the fleet is, as Prometheus sees it. */
@Injectable()
export class DeviceMetrics {
  constructor(store: DevicesStore, database: Database, @Inject(Metrics) metrics: Metrics) {
    addFleetGauge(metrics, database, {
      name: "fleet_devices",
      help: "Devices of the fleet by the state of their module, unknown where the agent is away",
      label: "state",
      values: KNOWN_MODULE_STATES,
      count: () => store.countByState(),
    });
  }
}
